/**
 * Gives the roles of the programs the passwords of the settings. A password that already fits is
 * left alone, and none ever reaches the server in clear.
 */
import type { Config } from "../lib/config.ts";
import { connect, credentials, type Role, type Sql } from "../lib/postgres.ts";
import { scramVerifier } from "./scram.ts";

const ROLES = ["ingest", "transform", "read"] as const satisfies Role[];
const INVALID_PASSWORD = "28P01";

/**
 * Returns the logins whose password was set. `areNew` says that the roles were made just now, so
 * that no login with them has to fail first.
 */
export async function setPasswords(sql: Sql, config: Config, areNew: boolean): Promise<string[]> {
  const changed: string[] = [];
  for (const role of ROLES) {
    if (!areNew && (await canLogIn(config, role))) continue;
    const { user, setting } = credentials(config, role);
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
