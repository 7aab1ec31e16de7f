/**
 * `bun run superset:export`: writes what was edited in Superset back into superset/assets, so that it
 * can be committed. Without an edit no file changes.
 */
import { join } from "node:path";
import { SOURCES, supersetEnvironment, supersetHome } from "../superset/environment.ts";
import { SUPERSET } from "../superset/install.ts";
import { hasSameAssets, withAssets } from "../superset/records.ts";
import { asEnvironment, inheritedEnvironment } from "./host/environment.ts";
import { makePrivateFolder } from "./host/folders.ts";
import { install } from "./host/install.ts";
import { readMark, writeMark } from "./host/records-database.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { connect, databaseOf, explainPostgres, type Sql } from "./lib/postgres.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";

const command = defineCommand({
  name: "superset:export",
  description: `Writes the dashboard's edits into files that can be committed. A file changes only where Superset
differs from it; a chart or dataset without a file gets one when the dashboard uses it. Needs
PostgreSQL, not a running Superset.`,
  exits: { 0: "done", 1: "failed, or Superset does not have the files as they are now" },
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
  await install(config, [SUPERSET]);
  const command = [SUPERSET.program(config, "python"), join(SOURCES, "export.py")];
  const program = Bun.spawn([...command, config.SUPERSET_ASSETS_FOLDER], {
    cwd: makePrivateFolder(supersetHome(config)),
    env: {
      ...inheritedEnvironment(),
      ...asEnvironment(config),
      ...supersetEnvironment(config),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exitCode = await program.exited;
  if (exitCode !== 0) throw new Error("Cannot export, as said above");
  // Superset and the files say the same now.
  await writeMark(sql, databaseOf(config, "superset"), withAssets(config, mark));
}

await runCommand(command);
