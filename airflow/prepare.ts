/**
 * Called by airflow/start: makes the database of Airflow and the file with the password of its user,
 * where they are missing or do not fit the settings.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { assertSecrets } from "../scripts/host/environment.ts";
import { dataFolder, makePrivateFolder, pythonFolder } from "../scripts/host/folders.ts";
import { prepareRecords } from "../scripts/host/records-database.ts";
import { type Config, readConfig } from "../scripts/lib/config.ts";
import { ConfigError } from "../scripts/lib/errors.ts";

const NEEDED = [
  "AIRFLOW_ADMIN_PASSWORD",
  "AIRFLOW_POSTGRES_PASSWORD",
  "AIRFLOW_SECRET_KEY",
  "AIRFLOW_JWT_SECRET",
  "AIRFLOW_FERNET_KEY",
] as const satisfies (keyof Config)[];

function writePasswords(config: Config): void {
  const path = join(makePrivateFolder(dataFolder(config, "airflow")), "passwords.json");
  const content = JSON.stringify({ admin: config.AIRFLOW_ADMIN_PASSWORD });
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, path);
}

function migrate(folder: string): void {
  const migrated = Bun.spawnSync([join(folder, "bin/airflow"), "db", "migrate"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (migrated.exitCode === 0) return;
  const lines = `${migrated.stdout}${migrated.stderr}`.trim().split("\n").slice(-15);
  throw new Error(`Cannot make the tables of Airflow:\n  ${lines.join("\n  ")}`);
}

try {
  const config = readConfig();
  assertSecrets(config, "Airflow", NEEDED);
  writePasswords(config);
  const folder = pythonFolder(config, "airflow");
  await prepareRecords(config, "airflow", {
    mark: `Records of ${basename(folder)}`,
    bringUpToDate: () => migrate(folder),
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
