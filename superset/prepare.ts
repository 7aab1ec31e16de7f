/**
 * Called by superset/start: makes the database of Superset and has superset/bootstrap.py fill it,
 * where what is there was made from other files or settings. Superset takes some ten seconds to find
 * out by itself that there is nothing to do.
 */

import { join } from "node:path";
import { assertSecrets } from "../scripts/host/environment.ts";
import { dataFolder, makePrivateFolder, pythonFolder } from "../scripts/host/folders.ts";
import { prepareRecords } from "../scripts/host/records-database.ts";
import { type Config, ROOT, readConfig } from "../scripts/lib/config.ts";
import { ConfigError } from "../scripts/lib/errors.ts";
import { hasSameAssets, recordsMark } from "./records.ts";

const NEEDED = [
  "SUPERSET_ADMIN_PASSWORD",
  "SUPERSET_POSTGRES_PASSWORD",
  "SUPERSET_SECRET_KEY",
  "SUPERSET_GUEST_TOKEN_SECRET",
  "SUPERSET_ASYNC_QUERY_SECRET",
] as const satisfies (keyof Config)[];

try {
  const config = readConfig();
  assertSecrets(config, "Superset", NEEDED);
  makePrivateFolder(dataFolder(config, "superset"));
  const program = join(pythonFolder(config, "superset"), "bin/python");
  await prepareRecords(config, "superset", {
    mark: recordsMark(config),
    bringUpToDate: (former) => {
      const isImported = hasSameAssets(config, former);
      const parts = isImported ? [] : ["--import", config.SUPERSET_ASSETS_FOLDER];
      const command = [program, join(ROOT, "superset/bootstrap.py"), ...parts];
      const { exitCode } = Bun.spawnSync(command, { stdio: ["ignore", "inherit", "inherit"] });
      if (exitCode !== 0) throw new Error("Cannot prepare the records of Superset, as said above");
    },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
