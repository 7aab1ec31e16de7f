/**
 * Statements for PostgreSQL's single-user mode that create the owner's role and database and set
 * the passwords. A mark beside the data names owner and database and holds a hash of the passwords.
 * A start reads it to know whether the statements are needed.
 */
import { createHash } from "node:crypto";
import type { Config } from "../scripts/lib/config.ts";
import { ConfigError } from "../scripts/lib/errors.ts";
import { scramVerifier } from "../scripts/lib/scram.ts";

const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/** Single-user mode reads one statement a line. */
export function passwordStatements(config: Config): string[] {
  const { admin, owner } = passwords(config);
  return [
    `alter role postgres password '${scramVerifier(admin)}'`,
    `alter role ${name(config.POSTGRES_USER)} password '${scramVerifier(owner)}'`,
  ];
}

export function createStatements(config: Config): string[] {
  return [
    `create role ${name(config.POSTGRES_USER)} login createrole`,
    ...passwordStatements(config),
    `create database ${name(config.POSTGRES_DB)} owner ${name(config.POSTGRES_USER)}`,
  ];
}

export function markOf(config: Config): string {
  const { admin, owner } = passwords(config);
  const hash = createHash("sha256").update(`${admin}\0${owner}`).digest("hex");
  return `${identity(config)}\n${hash}\n`;
}

const identity = (config: Config) =>
  `database ${config.POSTGRES_DB} of ${config.POSTGRES_USER}`.replaceAll("\n", " ");

/** @throws ConfigError when a password is not set */
function passwords(config: Config): { admin: string; owner: string } {
  const { POSTGRES_ADMIN_PASSWORD: admin, POSTGRES_PASSWORD: owner } = config;
  if (!admin || !owner) {
    const missing = admin ? "POSTGRES_PASSWORD" : "POSTGRES_ADMIN_PASSWORD";
    throw new ConfigError(
      `Cannot start PostgreSQL: ${missing} is not set; \`bun run up\` generates it`,
    );
  }
  return { admin, owner };
}

/** @throws ConfigError when the data was created for another database or owner */
export function assertSameDatabase(config: Config, mark: string): void {
  const [made] = mark.split("\n");
  if (made === identity(config)) return;
  throw new ConfigError(
    `Cannot start PostgreSQL: its data was made for ${made}, and the settings say ${identity(config)}; set POSTGRES_DB and POSTGRES_USER back, or delete the data with \`bun run down --wipe\``,
  );
}
