#!/usr/bin/env bun
/**
 * `bun run superset:export`: writes what was edited in Superset back into superset/assets, so that it
 * can be committed. Without an edit no file changes.
 */
import { join } from "node:path";
import { defineCommand } from "citty";
import { hasSameAssets, withAssets } from "../superset/records.ts";
import { asEnvironment, inheritedEnvironment } from "./host/environment.ts";
import { readMark, writeMark } from "./host/records-database.ts";
import { type Config, ROOT, readConfig } from "./lib/config.ts";
import { connect, databaseOf, explainPostgres, type Sql } from "./lib/postgres.ts";
import { runProgram } from "./lib/program.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";

const command = defineCommand({
  meta: {
    name: "superset:export",
    description: `Write what was edited in Superset's dashboard back into superset/assets.
A file changes only where Superset says something else; what is there only in Superset is written when
the dashboard uses it. Needs PostgreSQL, not a running Superset.`,
  },
  async run() {
    const config = runningSettings(readConfig());
    const sql = connect(config, "superset", { applicationName: "superset-export" });
    try {
      await exportAssets(config, sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
});

/** @throws Error when a file has changed that Superset does not know, since it would be undone */
async function exportAssets(config: Config, sql: Sql): Promise<void> {
  const mark = await readMark(sql).catch((error) => {
    throw new Error(explainPostgres(config, "superset", error), { cause: error });
  });
  if (mark === undefined || !hasSameAssets(config, mark)) {
    throw new Error(
      "Cannot export: Superset does not have the files as they are now, and would undo what has changed in them; restart it first",
    );
  }
  const program = Bun.spawn([join(ROOT, "superset/export")], {
    env: { ...inheritedEnvironment(), ...asEnvironment(config) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exitCode = await program.exited;
  if (exitCode !== 0) throw new Error("Cannot export, as said above");
  // Superset and the files say the same now.
  await writeMark(sql, databaseOf(config, "superset"), withAssets(config, mark));
}

await runProgram(command);
