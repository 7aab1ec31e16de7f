/**
 * How Airflow's programs are started. Settings that are the same everywhere are in airflow.cfg.
 * Logs and everything else that Airflow writes are in STATE_DIR/airflow.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { postgresClientEnvironment } from "../postgres/client-environment.ts";
import { assertSecrets } from "../scripts/host/environment.ts";
import { makePrivateFolder } from "../scripts/host/folders.ts";
import { prepareRecords, recordsDatabase } from "../scripts/host/records-database.ts";
import type { Launch } from "../scripts/host/service.ts";
import { migrate, settingsEnvironment } from "../scripts/host/start.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { localAddress, webAddress } from "../scripts/lib/web-address.ts";
import { AIRFLOW } from "./install.ts";

/** The names of Airflow's programs in its own commands. */
type AirflowProgram = "api-server" | "scheduler" | "dag-processor";

const NEEDED = [
  "AIRFLOW_ADMIN_PASSWORD",
  "AIRFLOW_POSTGRES_PASSWORD",
  "AIRFLOW_SECRET_KEY",
  "AIRFLOW_JWT_SECRET",
  "AIRFLOW_FERNET_KEY",
] as const satisfies (keyof Config)[];

export async function launchAirflow(config: Config, program: AirflowProgram): Promise<Launch> {
  assertSecrets(config, "Airflow", NEEDED);
  writePasswords(config);
  const environment = environmentOf(config);
  await prepareRecords(config, "airflow", {
    mark: `Records of ${basename(AIRFLOW.folder(config))}`,
    bringUpToDate: () => makeTables(config, environment),
  });
  const command = [AIRFLOW.program(config, "airflow"), program];
  if (program !== "scheduler") return { command, environment };
  migrate(config, "--only", "database");
  return {
    // Its log server would listen on every address, and the API server reads the files directly.
    command: [...command, "--skip-serve-logs"],
    // The settings of airflow/clean.
    environment: {
      ...environment,
      AIRFLOW_DATABASE: recordsDatabase(config, "airflow"),
      AIRFLOW_PROGRAMS: join(AIRFLOW.folder(config), "bin"),
    },
  };
}

function environmentOf(config: Config): Record<string, string> {
  const home = dataFolder(config, "airflow");
  return {
    AIRFLOW_HOME: home,
    AIRFLOW_CONFIG: join(ROOT, "airflow/airflow.cfg"),
    AIRFLOW__CORE__DAGS_FOLDER: config.AIRFLOW_DAGS_FOLDER,
    AIRFLOW__CORE__PLUGINS_FOLDER: join(home, "plugins"),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: passwordFile(config),
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `${localAddress(config.AIRFLOW_PORT)}/execution/`,
    // dbt lets only one of its runs work at a time, whatever this setting is.
    AIRFLOW__CORE__PARALLELISM: String(config.AIRFLOW_PARALLEL_TASKS),
    AIRFLOW__CORE__FERNET_KEY: config.AIRFLOW_FERNET_KEY ?? "",
    AIRFLOW__API__PORT: String(config.AIRFLOW_PORT),
    AIRFLOW__API__BASE_URL: webAddress(config, config.AIRFLOW_PORT),
    AIRFLOW__API__SECRET_KEY: config.AIRFLOW_SECRET_KEY ?? "",
    AIRFLOW__API_AUTH__JWT_SECRET: config.AIRFLOW_JWT_SECRET ?? "",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `postgresql+psycopg2://${recordsDatabase(config, "airflow")}`,
    AIRFLOW__LOGGING__BASE_LOG_FOLDER: join(home, "logs"),
    ...postgresClientEnvironment(config),
    // The DAGs run `dbt/run` there, and write no bytecode beside the sources.
    PLATFORM_CHECKOUT: process.env.PLATFORM_CHECKOUT ?? ROOT,
    PYTHONDONTWRITEBYTECODE: "1",
    // A process keeps its environment when it changes its title, so that `down` finds it.
    SPT_NOENV: "1",
  };
}

const passwordFile = (config: Config) => join(dataFolder(config, "airflow"), "passwords.json");

function writePasswords(config: Config): void {
  makePrivateFolder(dataFolder(config, "airflow"));
  const path = passwordFile(config);
  const content = JSON.stringify({ admin: config.AIRFLOW_ADMIN_PASSWORD });
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, path);
}

function makeTables(config: Config, environment: Record<string, string>): void {
  const migrated = Bun.spawnSync([AIRFLOW.program(config, "airflow"), "db", "migrate"], {
    cwd: ROOT,
    env: { ...settingsEnvironment(config), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (migrated.exitCode === 0) return;
  const lines = `${migrated.stdout}${migrated.stderr}`.trim().split("\n").slice(-15);
  throw new Error(`Cannot make the tables of Airflow:\n  ${lines.join("\n  ")}`);
}
