#!/usr/bin/env bun
/**
 * `bun run superset:export`: writes what was edited in Superset back into superset/assets, so that it
 * can be committed. Without an edit no file changes.
 */
import { join } from "node:path";
import { defineCommand } from "citty";
import { ROOT, readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { asEnvironment, inheritedEnvironment } from "./stack/environment.ts";
import { runningSettings } from "./stack/running-settings.ts";

const command = defineCommand({
  meta: {
    name: "superset:export",
    description: `Write what was edited in Superset's dashboard back into superset/assets.
A file changes only where Superset says something else; what is there only in Superset is written when
the dashboard uses it. Needs PostgreSQL, not a running Superset.`,
  },
  async run() {
    const config = runningSettings(readConfig());
    const program = Bun.spawn([join(ROOT, "superset/export")], {
      env: { ...inheritedEnvironment(), ...asEnvironment(config) },
      stdio: ["ignore", "inherit", "inherit"],
    });
    process.exitCode = await program.exited;
  },
});

await runProgram(command);
