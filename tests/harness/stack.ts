/**
 * A whole stack for one test: real services, started by the same `up` that people use. It has its
 * own folder and ports, so it never meets a stack that is up. `stop` leaves only the shared cache
 * of downloads and, in CI, the logs.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseEnv } from "node:util";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { type Config, ROOT, readConfig } from "../../scripts/lib/config.ts";
import { services } from "../../scripts/stack/services.ts";
import { type Environment, programEnvironment, run, runOrThrow } from "./script.ts";

export interface Stack {
  /** For the programs of the test: the settings with the generated passwords. */
  settings: Environment;
  config: Config;
  /** `beforeRemoval` is called between the end of the services and the removal of their data. */
  stop(beforeRemoval?: () => void): Promise<void>;
}

/** The beginning of the name of a stack's folder. */
export const STACK_PREFIX = "stack-test-";

/** Settings of a stack that does not run yet. */
export async function newSettings(settings: Environment = {}): Promise<Environment> {
  return {
    ...programEnvironment(),
    STATE_DIR: mkdtempSync(join(tmpdir(), STACK_PREFIX)),
    ...(await portSettings()),
    ...settings,
  };
}

/** A free port for each service. */
export async function portSettings(): Promise<Record<string, string>> {
  const settings = services.flatMap((service) => service.ports);
  const ports = await freePorts(settings.length);
  return Object.fromEntries(settings.map((name, index) => [name, String(ports[index])]));
}

export interface StackOptions {
  /** @default all services of the default set */
  services?: string[];
  settings?: Environment;
}

/** Starts the services, and returns once they are ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const settings = await newSettings(options.settings);
  try {
    await runOrThrow(settings, "scripts/up.ts", options.services ?? []);
  } catch (error) {
    await removeStack(settings);
    throw error;
  }
  const complete = { ...settings, ...generatedSettings(settings) };
  return {
    settings: complete,
    config: readConfig(complete),
    stop: (beforeRemoval) => removeStack(settings, beforeRemoval),
  };
}

/** The settings that `up` wrote into the environment file. */
export function generatedSettings({ STATE_DIR }: Environment): Environment {
  const path = join(STATE_DIR!, ".env");
  return existsSync(path) ? (parseEnv(readFileSync(path, "utf8")) as Environment) : {};
}

/** Stops whatever runs and deletes the folder. */
export async function removeStack(
  settings: Environment,
  beforeRemoval?: () => void,
): Promise<void> {
  await run(settings, "scripts/down.ts");
  beforeRemoval?.();
  if (process.env.CI) keepLogs(settings.STATE_DIR!);
  rmSync(settings.STATE_DIR!, { recursive: true, force: true });
}

/** The logs of its services, kept to examine a failed run in CI. */
function keepLogs(folder: string): void {
  const logs = join(folder, "log");
  if (!existsSync(logs)) return;
  const test = basename(Bun.main, ".test.ts");
  cpSync(logs, join(ROOT, ".logs", `${test}-${basename(folder)}`), { recursive: true });
}
