/**
 * Gives the programs' roles their passwords from the settings. A password that already fits stays,
 * and none reaches the server in clear text.
 */

import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { connect, credentials, type Role, type Sql } from "../lib/postgres.ts";
import { scramVerifier } from "../lib/scram.ts";

const ROLES = ["ingest", "transform", "read"] as const satisfies Role[];
const INVALID_PASSWORD = "28P01";

/** The logins that exist on the server. Ask before the migrations, which create the others. */
export async function existingLogins(sql: Sql, config: Config): Promise<string[]> {
  const users = ROLES.map((role) => credentials(config, role).user);
  const rows = await sql<{ rolname: string }[]>`
    select rolname from pg_roles where rolname in ${sql(users)}`;
  return rows.map((row) => row.rolname);
}

/** Returns the logins whose password was set: new ones, and those with another password. */
export async function setPasswords(
  sql: Sql,
  config: Config,
  existing: string[],
): Promise<string[]> {
  const changed: string[] = [];
  for (const role of ROLES) {
    const { user, setting } = credentials(config, role);
    if (existing.includes(user) && (await canLogIn(config, role))) continue;
    if (config[setting] === undefined) {
      throw new ConfigError(
        `Cannot set the password of ${user}: ${setting} is not set; \`bun run up\` generates it`,
      );
    }
    await sql`alter role ${sql(user)} password ${sql.unsafe(literal(String(config[setting])))}`;
    changed.push(user);
  }
  return changed;
}

async function canLogIn(config: Config, role: Role): Promise<boolean> {
  const sql = connect(config, role, { applicationName: "migrate" });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === INVALID_PASSWORD) return false;
    throw error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** `ALTER ROLE` takes no parameters; a verifier holds nothing that would need an escape. */
const literal = (password: string) => `'${scramVerifier(password)}'`;
