/** `bun run worker:types`: the types of what wrangler.jsonc binds the Worker to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { toggle } from "../scripts/lib/flags.ts";
import { runWrangler } from "../worker/build/wrangler.ts";

const command = defineCommand({
  name: "worker:types",
  description: `Writes worker/worker-configuration.d.ts. Run it after each change of worker/wrangler.jsonc.`,
  flags: { check: toggle("Change nothing, and fail when the file is out of date") },
  exits: { 0: "written, or up to date", 1: "failed, or out of date" },
  async run({ flags: { check } }) {
    const scratch = mkdtempSync(join(tmpdir(), "worker-types-"));
    try {
      const flags = ["--include-runtime=false", ...(check ? ["--check"] : [])];
      await runWrangler(["types", ...flags], { scratch });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  },
});

await runCommand(command);
