/**
 * The environment file: `.env` in the checkout, or in STATE_DIR when that is set, so that two stacks
 * of one checkout each have their own. `up` adds the secrets that are missing and changes nothing
 * else in it.
 */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { type Config, ROOT } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { makePrivateFolder } from "./folders.ts";
import type { Secrets } from "./service.ts";

/** A generated password. */
export const password = () => randomBytes(24).toString("base64url");

const HEADER = `# Settings of this stack; .env.example says what each of them does.
# The passwords were generated and belong to the data in STATE_DIR. Keep this file private.
`;

/** The file that the running script was given, which is the one that the next script will read. */
export function environmentFile(): string {
  const given = process.execArgv.find((argument) => argument.startsWith("--env-file="));
  if (given) return given.slice("--env-file=".length);
  return join(process.env.STATE_DIR || ROOT, ".env");
}

/**
 * Writes each secret that neither the file nor the environment has, and puts it into this process's
 * environment. Only the owner can read the file. Returns the names of the new ones.
 */
export function writeMissingSecrets(
  path: string,
  secrets: Secrets,
  environment: Record<string, string | undefined> = process.env,
): string[] {
  const existing = existsSync(path) ? readFileSync(path, "utf8") : HEADER;
  const present = parseEnv(existing);
  const missing = Object.entries(secrets).filter(([name]) => !environment[name] && !present[name]);
  if (missing.length === 0) return [];
  const lines = missing.map(([name, make]) => {
    environment[name] = make();
    return `${name}=${environment[name]}\n`;
  });
  makePrivateFolder(dirname(path));
  const draft = `${path}.${process.pid}`;
  const separator = existing === "" || existing.endsWith("\n") ? "" : "\n";
  writeFileSync(draft, existing + separator + lines.join(""), { mode: 0o600 });
  renameSync(draft, path);
  return missing.map(([name]) => name);
}

/** @throws ConfigError naming the settings that a program cannot start without */
export function assertSecrets(config: Config, program: string, needed: readonly (keyof Config)[]) {
  const missing = needed.filter((name) => !config[name]);
  if (missing.length === 0) return;
  throw new ConfigError(
    `Cannot start ${program}: not set are ${missing.join(", ")}; \`bun run up\` generates them`,
  );
}

/** The settings as environment variables. */
export function asEnvironment(config: Config): Record<string, string> {
  const settings = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(settings.map(([name, value]) => [name, String(value)]));
}

/** What a program inherits: this process's own environment without the package manager's. */
export function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(npm_|NODE_ENV$|PYTHONPATH$|PYTHONHOME$)/.test(name),
  ) as [string, string][];
  return Object.fromEntries(entries);
}
