/**
 * The only file that imports the PostgreSQL client. Each program names the role that it connects as,
 * and a role may do only what a migration grants it.
 */

import postgres from "postgres";
import type { Config } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { certificateRefusal, trustedCertificates } from "./tls.ts";

/**
 * Programs with records of their own, each in a database that its role owns: X for each pair of
 * settings X_POSTGRES_DB and X_POSTGRES_PASSWORD.
 */
export type RecordKeeper = Lowercase<KeeperSetting<keyof Config>>;
type KeeperSetting<Name> = Name extends `${infer Keeper}_POSTGRES_DB` ? Keeper : never;

/**
 * `owner` migrates, `ingest` consumes, `transform` is dbt, and `read` is for all other programs. Each
 * keeper of records has another database.
 */
export type Role = "admin" | "owner" | "ingest" | "transform" | "read" | RecordKeeper;

export type Sql = postgres.Sql<{ bigint: number }>;
export type Transaction = postgres.TransactionSql<{ bigint: number }>;
/** What runs statements: a pool or a transaction. */
export type Queryable = postgres.ISql<{ bigint: number }>;

/** Login name and the setting that holds its password. */
export function credentials(config: Config, role: Role): { user: string; setting: keyof Config } {
  switch (role) {
    case "admin":
      return { user: "postgres", setting: "POSTGRES_ADMIN_PASSWORD" };
    case "owner":
      return { user: config.POSTGRES_USER, setting: "POSTGRES_PASSWORD" };
    case "ingest":
      return { user: "streaming_ingest", setting: "POSTGRES_INGEST_PASSWORD" };
    case "transform":
      return { user: "streaming_transform", setting: "POSTGRES_TRANSFORM_PASSWORD" };
    case "read":
      return { user: "streaming_read", setting: "POSTGRES_READ_PASSWORD" };
    default:
      return { user: role, setting: `${upperCase(role)}_POSTGRES_PASSWORD` };
  }
}

/** Name of the database that a role works in. */
export function databaseOf(config: Config, role: Role): string {
  switch (role) {
    case "admin":
    case "owner":
    case "ingest":
    case "transform":
    case "read":
      return config.POSTGRES_DB;
    default:
      return config[`${upperCase(role)}_POSTGRES_DB`];
  }
}

const upperCase = (keeper: RecordKeeper) => keeper.toUpperCase() as KeeperSetting<keyof Config>;

export interface ConnectOptions {
  /** Most connections that are open at once. @default {1} */
  connections?: number;
  /** How PostgreSQL lists the program. @default {"real-time-data-platform"} */
  applicationName?: string;
  /** Milliseconds after which the server ends a statement. @default {Infinity} */
  statementMsMax?: number;
}

/**
 * Opens a pool. Nothing is sent until the first query. `bigint` columns arrive as numbers: every
 * count and offset of the platform stays below 2^53.
 * @throws ConfigError when the role's password is not set
 */
export function connect(
  config: Config,
  role: Role,
  {
    connections = 1,
    applicationName = "real-time-data-platform",
    statementMsMax,
  }: ConnectOptions = {},
): Sql {
  const { user, setting } = credentials(config, role);
  const password = config[setting];
  if (typeof password !== "string") {
    throw new ConfigError(
      `Cannot connect to PostgreSQL as ${user}: ${setting} is not set; \`bun run up\` generates it`,
    );
  }
  return postgres({
    host: config.POSTGRES_HOST,
    port: config.POSTGRES_PORT,
    database: databaseOf(config, role),
    user,
    password,
    ssl: tls(config),
    max: connections,
    idle_timeout: 0,
    connect_timeout: 10,
    max_lifetime: null,
    onnotice: () => {},
    connection: {
      application_name: applicationName,
      TimeZone: "UTC",
      ...(statementMsMax !== undefined && { statement_timeout: statementMsMax }),
    },
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: (value: number) => String(value) },
    },
  });
}

/**
 * The role can log in to the database and run a query.
 * @throws the error of the client when it cannot
 */
export async function answersPostgres(config: Config, role: Role = "owner"): Promise<void> {
  const sql = connect(config, role, { applicationName: "probe" });
  try {
    await sql`select 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function tls(config: Config) {
  switch (config.POSTGRES_SSLMODE) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-full":
      return {
        rejectUnauthorized: true,
        // The client leaves it out for an address, and Deno then looks for `localhost` instead.
        host: config.POSTGRES_HOST,
        ca: trustedCertificates(config.POSTGRES_SSL_CA),
      };
  }
}

const INVALID_PASSWORD = "28P01";
/** SQLSTATE class 28: the server does not let this role in, or not in this way. */
const NOT_ADMITTED = /^28/;

/** True when a person has to change a setting: the login or the certificate is refused. */
export function isPostgresRefusal(error: unknown): boolean {
  return NOT_ADMITTED.test(codeOf(error)) || certificateRefusal(error) !== undefined;
}

const codeOf = (error: unknown) => String((error as { code?: unknown })?.code);

/** Why the database cannot be used, and the setting or the command that mends it. */
export function explainPostgres(config: Config, role: Role, error: unknown): string {
  const address = `${config.POSTGRES_HOST}:${config.POSTGRES_PORT}`;
  const { message } = error as Error;
  if (codeOf(error) === INVALID_PASSWORD) {
    const { setting } = credentials(config, role);
    const mend =
      role === "owner" || role === "admin"
        ? `check ${setting}`
        : `\`bun run migrate\` sets the password that ${setting} holds`;
    return `Cannot log in to PostgreSQL at ${address}: ${message}; ${mend}`;
  }
  if (NOT_ADMITTED.test(codeOf(error))) {
    const mend = message.includes("pg_hba.conf")
      ? `; check POSTGRES_SSLMODE, which is ${config.POSTGRES_SSLMODE}`
      : "";
    return `Cannot log in to PostgreSQL at ${address}: ${message}${mend}`;
  }
  switch (certificateRefusal(error)) {
    case "host":
      return `Cannot trust PostgreSQL at ${address}: its certificate is for another host; name it in POSTGRES_HOST as its certificate does`;
    case "authority":
      return `Cannot trust PostgreSQL at ${address}: ${message}; set POSTGRES_SSL_CA to a file with the certificate of its authority`;
  }
  const remark =
    config.POSTGRES_SSLMODE !== "disable" && codeOf(error) === "ECONNRESET"
      ? "; check POSTGRES_SSLMODE, it may not speak TLS"
      : "";
  return `Cannot reach PostgreSQL at ${address}: ${message || codeOf(error)}${remark}`;
}
