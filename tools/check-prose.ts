/** `bun run prose`: checks the English of documents, comments and messages, and what they refer to. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { rest } from "../scripts/lib/flags.ts";
import { checkoutFiles } from "./checkout-files.ts";
import { findingsOf } from "./prose/check.ts";
import { openCheckout } from "./prose/checkout.ts";

const command = defineCommand({
  name: "prose",
  description: `Checks documents, comments, help texts and messages: short sentences in plain words, short
headers, links and commands that exist. Prints each finding with its place and with advice.`,
  flags: { paths: rest("PATH", "Only these files and folders") },
  exits: { 0: "nothing found", 1: "something to rewrite" },
  run({ flags: { paths } }) {
    const files = checkoutFiles();
    const checkout = openCheckout(ROOT, files);
    const chosen = files.filter(
      (path) => paths.length === 0 || paths.some((one) => isWithin(path, one)),
    );
    for (const path of chosen) {
      for (const { line, rule, detail } of findingsOf(path, read(path), checkout)) {
        console.log(`${path}:${line}: ${rule}: ${detail}`);
        process.exitCode = 1;
      }
    }
  },
});

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder.replace(/\/$/, "")}/`);

await runCommand(command);
