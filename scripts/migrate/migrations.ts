/**
 * Applies the SQL files of postgres/migrations in the order of their numbers, each exactly once and
 * in a transaction of its own. Several processes may try at the same time. `platform.migrations` lists
 * the applied files. Every role may read it: the consumer checks there whether it may begin.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ADVISORY_LOCKS } from "../lib/advisory-locks.ts";
import { ROOT } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";

const MIGRATIONS = join(ROOT, "postgres/migrations");

const UNDEFINED_TABLE = "42P01";

export interface Migration {
  name: string;
  sql: string;
  sha256: string;
}

export interface Applied {
  name: string;
  sha256: string;
}

/**
 * The files of the folder, in order.
 * @throws RangeError for a file that is not named NNNN_name.sql or whose number is taken
 */
export function readMigrations(folder = MIGRATIONS): Migration[] {
  const names = readdirSync(folder).sort();
  const numbers = new Set<string>();
  return names.map((name) => {
    const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
    if (number === undefined || numbers.has(number)) {
      throw new RangeError(
        `Cannot read migration ${name}: its name must be NNNN_name.sql with a number of its own`,
      );
    }
    numbers.add(number);
    const sql = readFileSync(join(folder, name), "utf8");
    return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
  });
}

/**
 * The files that are not applied yet.
 * @throws Error when an applied file was edited or is gone, or when a new one comes before it
 */
export function pendingMigrations(files: Migration[], applied: Applied[]): Migration[] {
  for (const [index, { name, sha256 }] of applied.entries()) {
    const file = files.find((candidate) => candidate.name === name);
    if (!file) throw new Error(`Cannot migrate: ${name} was applied and is gone; put it back`);
    if (file.sha256 !== sha256) {
      throw new Error(
        `Cannot migrate: ${name} was applied and then edited; put it back and write a new file`,
      );
    }
    const early = files[index];
    if (early && early.name !== name) {
      throw new Error(`Cannot migrate: ${early.name} is new but comes before ${name}; renumber it`);
    }
  }
  return files.slice(applied.length);
}

/** Lets one process at a time change this database. `sql` must hold a single connection. */
export async function exclusively<Result>(sql: Sql, work: () => Promise<Result>): Promise<Result> {
  await sql`select pg_advisory_lock(${ADVISORY_LOCKS.migrate})`;
  try {
    return await work();
  } finally {
    await sql`select pg_advisory_unlock(${ADVISORY_LOCKS.migrate})`;
  }
}

/** Applies what is pending, as the owner, and returns the names. Call it within `exclusively`. */
export async function migrate(sql: Sql, files = readMigrations()): Promise<string[]> {
  await createBookkeeping(sql);
  const applied = await sql<Applied[]>`select name, sha256 from platform.migrations order by name`;
  const pending = pendingMigrations(files, applied);
  for (const file of pending) await apply(sql, file);
  return pending.map((file) => file.name);
}

/**
 * Checks that the database has all migrations of this checkout. Programs call it on start.
 * @throws Error naming the command that applies them
 */
export async function assertMigrated(sql: Sql, purpose: string): Promise<void> {
  const mend = "run `bun run migrate`";
  try {
    const applied = await sql<
      Applied[]
    >`select name, sha256 from platform.migrations order by name`;
    const pending = pendingMigrations(readMigrations(), applied);
    if (pending.length === 0) return;
    const names = pending.map((file) => file.name).join(", ");
    throw new Error(`Cannot ${purpose}: the schema lacks ${names}; ${mend}`);
  } catch (error) {
    if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
    throw new Error(`Cannot ${purpose}: the schema is not migrated; ${mend}`);
  }
}

async function createBookkeeping(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`create schema if not exists platform`;
    await transaction`
      create table if not exists platform.migrations (
        name text primary key,
        sha256 text not null,
        applied_at timestamptz not null default now()
      )`;
    await transaction`grant usage on schema platform to public`;
    await transaction`grant select on platform.migrations to public`;
  });
}

async function apply(sql: Sql, file: Migration): Promise<void> {
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(file.sql).simple();
      await transaction`
        insert into platform.migrations (name, sha256) values (${file.name}, ${file.sha256})`;
    });
  } catch (error) {
    const { message, position } = error as { message: string; position?: string };
    const line = position ? `, line ${lineAt(file.sql, Number(position))}` : "";
    throw new Error(`Cannot apply ${file.name}${line}: ${message}`, { cause: error });
  }
}

const lineAt = (text: string, position: number) => text.slice(0, position - 1).split("\n").length;
