/**
 * Called by postgres/start: prints the statements that make the owner's role and database
 * (`create`) or set the passwords anew (`change`), and the mark that tells whether that is needed
 * (`mark`). The mark names owner and database, and holds a hash of the passwords.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Config, readConfig } from "../scripts/lib/config.ts";
import { ConfigError } from "../scripts/lib/errors.ts";
import { scramVerifier } from "../scripts/lib/scram.ts";

const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/** Statements for single-user mode: one a line. */
function passwordStatements(config: Config): string[] {
  const { admin, owner } = passwords(config);
  return [
    `alter role postgres password '${scramVerifier(admin)}'`,
    `alter role ${name(config.POSTGRES_USER)} password '${scramVerifier(owner)}'`,
  ];
}

function createStatements(config: Config): string[] {
  return [
    `create role ${name(config.POSTGRES_USER)} login createrole`,
    ...passwordStatements(config),
    `create database ${name(config.POSTGRES_DB)} owner ${name(config.POSTGRES_USER)}`,
  ];
}

function mark(config: Config): string {
  const { admin, owner } = passwords(config);
  const hash = createHash("sha256").update(`${admin}\0${owner}`).digest("hex");
  return `${identity(config)}\n${hash}`;
}

const identity = (config: Config) =>
  `database ${config.POSTGRES_DB} of ${config.POSTGRES_USER}`.replaceAll("\n", " ");

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

function assertSameDatabase(config: Config, markPath: string): void {
  const [made] = readFileSync(markPath, "utf8").split("\n");
  if (made === identity(config)) return;
  throw new ConfigError(
    `Cannot start PostgreSQL: its data was made for ${made}, and the settings say ${identity(config)}; set POSTGRES_DB and POSTGRES_USER back, or delete the data with \`bun run down --wipe\``,
  );
}

try {
  const config = readConfig();
  const [, , what, markPath = ""] = process.argv;
  if (what === "mark") console.log(mark(config));
  else if (what === "create") console.log(createStatements(config).join("\n"));
  else {
    assertSameDatabase(config, markPath);
    console.log(passwordStatements(config).join("\n"));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
