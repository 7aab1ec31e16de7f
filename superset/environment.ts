/** The environment of every program of Superset, besides the settings. */
import { join } from "node:path";
import { postgresClientEnvironment } from "../postgres/client-environment.ts";
import { recordsDatabase } from "../scripts/host/records-database.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { trinoAuthority, trinoUrl } from "../scripts/lib/trino-address.ts";

export const SOURCES = join(ROOT, "superset");

export const supersetHome = (config: Config): string => dataFolder(config, "superset");

export const supersetEnvironment = (config: Config): Record<string, string> => ({
  SUPERSET_HOME: supersetHome(config),
  SUPERSET_CONFIG_PATH: join(SOURCES, "superset_config.py"),
  SUPERSET_DATABASE: recordsDatabase(config, "superset"),
  SUPERSET_TRINO: trinoUrl(config),
  SUPERSET_TRINO_AUTHORITY: trinoAuthority(config) ?? "",
  PYTHONPATH: SOURCES,
  PYTHONDONTWRITEBYTECODE: "1",
  // Superset reads a time without a zone in its own zone; everywhere else here it is UTC.
  TZ: "UTC",
  ...postgresClientEnvironment(config),
});
