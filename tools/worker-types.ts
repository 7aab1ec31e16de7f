#!/usr/bin/env bun
/** `bun run worker:types`: the types of what wrangler.jsonc binds the Worker to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgsDef, defineCommand } from "citty";
import { runProgram } from "../scripts/lib/program.ts";
import { runWrangler } from "../scripts/worker/wrangler.ts";

const args = {
  check: { type: "boolean", description: "Changes nothing, and fails when they are out of date" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "worker:types",
    description: `Writes worker/worker-configuration.d.ts, the types of what worker/wrangler.jsonc binds
the Worker to. Run it after each change of that file. Exit status: 0 done, 1 out of date.`,
  },
  args,
  async run({ args: { check } }) {
    const scratch = mkdtempSync(join(tmpdir(), "worker-types-"));
    try {
      const flags = ["--include-runtime=false", ...(check ? ["--check"] : [])];
      await runWrangler(["types", ...flags], { scratch });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  },
});

await runProgram(command);
