/**
 * Called by airflow/start: makes the database of Airflow and the file with the password of its user,
 * where they are missing or do not fit the settings.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, ConfigError, readConfig } from "../lib/config.ts";
import { prepareAirflowDatabase } from "./airflow-database.ts";
import { dataFolder, makePrivateFolder } from "./folders.ts";

const NEEDED = [
  "AIRFLOW_ADMIN_PASSWORD",
  "AIRFLOW_POSTGRES_PASSWORD",
  "AIRFLOW_SECRET_KEY",
  "AIRFLOW_JWT_SECRET",
  "AIRFLOW_FERNET_KEY",
] as const satisfies (keyof Config)[];

function assertSecrets(config: Config): void {
  const missing = NEEDED.filter((name) => !config[name]);
  if (missing.length === 0) return;
  throw new ConfigError(
    `Cannot start Airflow: not set are ${missing.join(", ")}; \`bun run up\` generates them`,
  );
}

function writePasswords(config: Config): void {
  const path = join(makePrivateFolder(dataFolder(config, "airflow")), "passwords.json");
  const content = JSON.stringify({ admin: config.AIRFLOW_ADMIN_PASSWORD });
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, path);
}

try {
  const config = readConfig();
  assertSecrets(config);
  writePasswords(config);
  await prepareAirflowDatabase(config);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
