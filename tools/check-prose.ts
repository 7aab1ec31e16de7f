/** `bun run prose`: checks the English of documents, comments and messages, and what they refer to. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { UsageError } from "../scripts/lib/errors.ts";
import { rest, toggle } from "../scripts/lib/flags.ts";
import { findingsOf } from "./prose/check.ts";
import { filesOf, openCheckout } from "./prose/checkout.ts";
import { countFindings, type Debt, grownRules, mayBeNew, totalsOf } from "./prose/debt.ts";

const DEBT_FILE = join(ROOT, "tools/prose-debt.json");

const command = defineCommand({
  name: "prose",
  description: `Checks documents, comments, help texts and messages: short sentences in plain words, short
headers, links and commands that exist. Fails when a rule has more findings than tools/prose-debt.json
lists. CONTRIBUTING says how to write.`,
  flags: {
    paths: rest("PATH", "Only these files and folders, with all their findings"),
    all: toggle("Show the known findings, too"),
    update: toggle("List fewer findings in tools/prose-debt.json, where they were mended"),
  },
  exits: { 0: "no new finding", 1: "new findings, or any finding in a PATH" },
  run({ flags: { paths, all, update } }) {
    const found = findAll();
    if (paths.length > 0) {
      const chosen = found.filter(({ path }) => paths.some((one) => isWithin(path, one)));
      show(chosen);
      if (chosen.length > 0) process.exitCode = 1;
      return;
    }
    const known: Debt = JSON.parse(readFileSync(DEBT_FILE, "utf8"));
    const counts = countFindings(found);
    const grown = new Set(grownRules(known, counts));
    if (update && grown.size > 0) {
      throw new UsageError(`Cannot list more findings of ${[...grown].join(", ")}: mend them`);
    }
    if (update) writeFileSync(DEBT_FILE, `${JSON.stringify(counts, null, 2)}\n`);
    const fresh = found.filter(
      (finding) => grown.has(finding.rule) && mayBeNew(known, counts, finding),
    );
    show(all ? found : fresh);
    const total = [...totalsOf(counts).values()].reduce((sum, count) => sum + count, 0);
    console.log(`${total} known findings; \`bun run prose --all\` shows them`);
    if (fresh.length > 0) process.exitCode = 1;
  },
});

const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder.replace(/\/$/, "")}/`);

function findAll() {
  const files = filesOf(ROOT);
  const checkout = openCheckout(ROOT, files);
  return files.flatMap((path) =>
    findingsOf(path, readFileSync(join(ROOT, path), "utf8"), checkout).map((finding) => ({
      path,
      ...finding,
    })),
  );
}

function show(findings: ReturnType<typeof findAll>): void {
  for (const { path, line, rule, detail } of findings) {
    console.log(`${path}:${line}: ${rule}: ${detail}`);
  }
}

await runCommand(command);
