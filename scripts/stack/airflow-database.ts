/**
 * The database with Airflow's own records: its role, the database itself, and the tables of the
 * Airflow that is installed. Making sure of it again costs two short connections.
 */
import { join } from "node:path";
import { type Config, ConfigError } from "../lib/config.ts";
import { connect, credentials, explainPostgres, type Sql } from "../lib/postgres.ts";
import { scramVerifier } from "../migrate/scram.ts";
import { pythonFolder } from "./folders.ts";
import { until } from "./until.ts";

const ANSWER_MS_MAX = 60_000;
/** SQLSTATE of a role that is missing or has another password, and of a missing database. */
const NOT_MADE = ["28P01", "28000", "3D000"];
/** Any number will do, as long as Airflow itself does not lock on it. */
const LOCK_KEY = 7_203_042;

const codeOf = (error: unknown) => String((error as { code?: unknown }).code);

/** Login, place and name of the database, as Airflow's address of it goes on. */
export function airflowDatabase(config: Config): string {
  const { user } = credentials(config, "airflow");
  const password = encodeURIComponent(config.AIRFLOW_POSTGRES_PASSWORD ?? "");
  const place = `${config.POSTGRES_HOST}:${config.POSTGRES_PORT}`;
  return `${user}:${password}@${place}/${encodeURIComponent(config.AIRFLOW_POSTGRES_DB)}`;
}

/** @throws ConfigError that says what to create when it may not create that itself */
export async function prepareAirflowDatabase(config: Config): Promise<void> {
  if (!(await isMade(config))) await make(config);
  const sql = connect(config, "airflow", { applicationName: "airflow-prepare" });
  try {
    await bringUpToDate(config, sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Whether the role can log in to the database, asked of a server that answers. */
async function isMade(config: Config): Promise<boolean> {
  return until("PostgreSQL answers", ANSWER_MS_MAX, async () => {
    const sql = connect(config, "airflow", { applicationName: "airflow-prepare" });
    try {
      await sql`select 1`;
      return true;
    } catch (error) {
      if (NOT_MADE.includes(codeOf(error))) return false;
      throw new Error(explainPostgres(config, "airflow", error), { cause: error });
    } finally {
      await sql.end({ timeout: 1 });
    }
  });
}

/** What is there is kept; the password is set in any case, as a verifier that gives nothing away. */
async function make(config: Config): Promise<void> {
  const { user, setting } = credentials(config, "airflow");
  const database = config.AIRFLOW_POSTGRES_DB;
  if (!config.POSTGRES_ADMIN_PASSWORD) {
    throw new ConfigError(
      `Cannot log in to the database of Airflow: create the role ${user} with the password that ${setting} holds and a database ${database} that it owns, or set POSTGRES_ADMIN_PASSWORD`,
    );
  }
  const sql = connect(config, "admin", { applicationName: "airflow-prepare" });
  try {
    await sql`select pg_advisory_lock(${LOCK_KEY})`;
    const [role] = await sql`select from pg_roles where rolname = ${user}`;
    if (!role) await sql`create role ${sql(user)} login`;
    const verifier = scramVerifier(config.AIRFLOW_POSTGRES_PASSWORD ?? "");
    await sql`alter role ${sql(user)} login password ${sql.unsafe(`'${verifier}'`)}`;
    const [found] = await sql`select from pg_database where datname = ${database}`;
    if (found) return;
    await sql`create database ${sql(database)} owner ${sql(user)}`;
    await sql`revoke all on database ${sql(database)} from public`;
  } catch (error) {
    throw new Error(explainPostgres(config, "admin", error), { cause: error });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/**
 * Airflow takes seconds to find out that its tables are as it wants them, so the database itself
 * says, in its comment, for which installation they were made.
 */
async function bringUpToDate(config: Config, sql: Sql): Promise<void> {
  const folder = pythonFolder(config, "airflow");
  const mark = `Records of ${folder.slice(folder.lastIndexOf("/") + 1)}`;
  // Three programs start at once, and one of them does it. The lock ends with the connection.
  await sql`select pg_advisory_lock(${LOCK_KEY})`;
  const [row] = await sql`
    select shobj_description(oid, 'pg_database') as comment
    from pg_database
    where datname = current_database()`;
  if (row?.comment === mark) return;
  const migrated = Bun.spawnSync([join(folder, "bin/airflow"), "db", "migrate"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (migrated.exitCode !== 0) {
    const lines = `${migrated.stdout}${migrated.stderr}`.trim().split("\n").slice(-15);
    throw new Error(`Cannot make the tables of Airflow:\n  ${lines.join("\n  ")}`);
  }
  const database = sql(config.AIRFLOW_POSTGRES_DB);
  await sql`comment on database ${database} is ${sql.unsafe(`'${mark}'`)}`;
}
