/**
 * Starts a program of a service in the foreground: installs what it runs on, prepares it, and becomes
 * the program, which keeps this process's id. The program gets the settings with their defaults, and
 * of the secrets only those that it declares.
 */
import { type Config, companions, ROOT, readConfig, secretSettings } from "../lib/config.ts";
import { ConfigError, exitStatusOf } from "../lib/errors.ts";
import { noProxyForLoopback } from "../lib/loopback.ts";
import { holding } from "./cache-use.ts";
import { asEnvironment } from "./environment.ts";
import { cacheFolders, install } from "./install.ts";
import type { Runtime } from "./runtime.ts";
import type { Launch, Program } from "./service.ts";

/** @throws Error when a step before the program fails; a `ConfigError` needs another setting */
export async function startProgram(
  program: Pick<Program, "launch" | "secrets">,
  runtimes: readonly Runtime[],
): Promise<never> {
  process.umask(0o077);
  const config = readConfig();
  await install(config, runtimes);
  const launch = await program.launch(config);
  become(launch, holding(cacheFolders(config, runtimes), launch.command), {
    ...withoutSecrets(settingsEnvironment(config), program.secrets),
    ...launch.environment,
  });
}

/** Ends with the message of what failed, and not with its stack: the message is in a service's log. */
export async function startOrExit(start: () => Promise<never>): Promise<never> {
  try {
    return await start();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(exitStatusOf(error));
  }
}

/** The environment of this process, with every setting in it. */
export const settingsEnvironment = (config: Config): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  ...asEnvironment(config),
  ...noProxyForLoopback(process.env),
});

/** The secrets that are kept are named, so that a new one is kept from every other program. */
export function withoutSecrets(
  environment: Record<string, string>,
  kept: readonly string[],
): Record<string, string> {
  const removed = secretSettings
    .filter((name) => !kept.includes(name))
    .flatMap((name) => [name, ...(companions[name] ?? [])]);
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !removed.includes(name)),
  );
}

function become(
  { folder = ROOT }: Launch,
  command: string[],
  environment: Record<string, string>,
): never {
  process.chdir(folder);
  return process.execve!(command[0]!, command, environment);
}

/**
 * Runs a step of a start to its end, with this process's output.
 * @throws ConfigError when it ends with status 2, else Error
 */
export function runStep(title: string, command: string[], environment: Record<string, string>) {
  const { exitCode } = Bun.spawnSync(command, {
    cwd: ROOT,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (exitCode === 0) return;
  const message = `Cannot ${title}, as said above`;
  throw exitCode === 2 ? new ConfigError(message) : new Error(message);
}

/** A command of the platform's own scripts, without the environment file of the checkout. */
export const bunCommand = (script: string, ...words: string[]): string[] => [
  process.execPath,
  "--no-env-file",
  script,
  ...words,
];

/** Waits until the services answer, and brings the database or the topic up to date. */
export const migrate = (config: Config, ...words: string[]): void =>
  runStep(
    "bring the database and the topic up to date",
    bunCommand("scripts/migrate.ts", "--wait", "60", ...words),
    settingsEnvironment(config),
  );
