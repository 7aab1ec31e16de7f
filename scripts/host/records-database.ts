/**
 * The databases with the programs' own records, one each: its role, the database itself, and what
 * the installed program wants to find in it. Making sure of it again costs two short connections.
 */

import { ADVISORY_LOCKS } from "../lib/advisory-locks.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import {
  connect,
  credentials,
  databaseOf,
  explainPostgres,
  type RecordKeeper,
  type Sql,
} from "../lib/postgres.ts";
import { scramVerifier } from "../lib/scram.ts";
import { until } from "../lib/wait.ts";

const ANSWER_MS_MAX = 60_000;
/** SQLSTATE of a role that is missing or has another password, and of a missing database. */
const NOT_MADE = ["28P01", "28000", "3D000"];

/** A check that takes the program seconds; the comment of the database answers it at once. */
export interface Upkeep {
  /**
   * Made from the program and from everything else that decides the records; printable, without
   * quotes.
   */
  mark: string;
  /** Called with the mark of the last time, if any, when it is another. */
  bringUpToDate(former: string | undefined): void;
}

const codeOf = (error: unknown) => String((error as { code?: unknown }).code);
const passwordOf = (config: Config, keeper: RecordKeeper) =>
  String(config[credentials(config, keeper).setting] ?? "");

/** Login, place and name of the database, as the program's address of it goes on. */
export function recordsDatabase(config: Config, keeper: RecordKeeper): string {
  const login = `${credentials(config, keeper).user}:${encodeURIComponent(passwordOf(config, keeper))}`;
  const place = `${config.POSTGRES_HOST}:${config.POSTGRES_PORT}`;
  return `${login}@${place}/${encodeURIComponent(databaseOf(config, keeper))}`;
}

/** @throws ConfigError that says what to create when it may not create that itself */
export async function prepareRecords(
  config: Config,
  keeper: RecordKeeper,
  upkeep: Upkeep,
): Promise<void> {
  if (!(await isMade(config, keeper))) await make(config, keeper);
  const sql = connect(config, keeper, { applicationName: `${keeper}-prepare` });
  try {
    await keepUp(sql, databaseOf(config, keeper), upkeep);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Whether the role can log in to the database, asked of a server that answers. */
async function isMade(config: Config, keeper: RecordKeeper): Promise<boolean> {
  return until("PostgreSQL answers", ANSWER_MS_MAX, async () => {
    const sql = connect(config, keeper, { applicationName: `${keeper}-prepare` });
    try {
      await sql`select 1`;
      return true;
    } catch (error) {
      if (NOT_MADE.includes(codeOf(error))) return false;
      throw new Error(explainPostgres(config, keeper, error), { cause: error });
    } finally {
      await sql.end({ timeout: 1 });
    }
  });
}

/** What is there is kept; the password is set in any case, as a verifier that gives nothing away. */
async function make(config: Config, keeper: RecordKeeper): Promise<void> {
  const { user, setting } = credentials(config, keeper);
  const database = databaseOf(config, keeper);
  if (!config.POSTGRES_ADMIN_PASSWORD) {
    throw new ConfigError(
      `Cannot log in to the database of ${keeper}: create the role ${user} with the password that ${setting} holds and a database ${database} that it owns, or set POSTGRES_ADMIN_PASSWORD`,
    );
  }
  const sql = connect(config, "admin", { applicationName: `${keeper}-prepare` });
  try {
    await sql`select pg_advisory_lock(${ADVISORY_LOCKS.records})`;
    const [role] = await sql`select from pg_roles where rolname = ${user}`;
    if (!role) await sql`create role ${sql(user)} login`;
    const verifier = scramVerifier(passwordOf(config, keeper));
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

async function keepUp(sql: Sql, database: string, { mark, bringUpToDate }: Upkeep): Promise<void> {
  // Several programs may start at once, and one of them does it. The lock ends with the connection.
  await sql`select pg_advisory_lock(${ADVISORY_LOCKS.records})`;
  const former = await readMark(sql);
  if (former === mark) return;
  bringUpToDate(former);
  await writeMark(sql, database, mark);
}

/** What the records of this connection were last made from. */
export async function readMark(sql: Sql): Promise<string | undefined> {
  const [row] = await sql`
    select shobj_description(oid, 'pg_database') as comment
    from pg_database
    where datname = current_database()`;
  return row?.comment ?? undefined;
}

export async function writeMark(sql: Sql, database: string, mark: string): Promise<void> {
  await sql`comment on database ${sql(database)} is ${sql.unsafe(`'${mark}'`)}`;
}
