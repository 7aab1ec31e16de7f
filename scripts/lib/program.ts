/**
 * Runs a command of the command line: help, refusal of unknown flags, and the exit status that all
 * programs share: 0 done, 1 failed, 2 wrong usage or setting. Called last by each entry point.
 */
import { type ArgsDef, type CommandDef, parseArgs, renderUsage, runCommand } from "citty";
import { loadEnvironmentFile } from "./environment-file.ts";
import { exitStatusOf, UsageError } from "./errors.ts";
import { pastProxies } from "./loopback.ts";

export async function runProgram<T extends ArgsDef>(command: CommandDef<T>): Promise<void> {
  const rawArgs = process.argv.slice(2);
  try {
    if (rawArgs.includes("--help") || rawArgs.includes("-h")) {
      console.log(await renderUsage(command));
      return;
    }
    const known = (await resolve(command.args)) ?? {};
    refuseUnknownFlags(parseArgs(rawArgs, known), known);
    await loadEnvironmentFile();
    Object.assign(process.env, pastProxies(process.env));
    await runCommand(command, { rawArgs });
  } catch (error) {
    process.exitCode = (error as Error)?.name === "CLIError" ? 2 : exitStatusOf(error);
    process.stderr.write(`${(error as Error).message}\n`);
    if (process.env.LOG_LEVEL === "debug") process.stderr.write(`${(error as Error).stack}\n`);
  }
}

/** citty takes a value, a promise of one, or a function that gives either. */
const resolve = async <Value>(value: Value) =>
  (typeof value === "function" ? await value() : await value) as ArgsDef | undefined;

/** @throws UsageError for a flag that the command does not have, since a typo must not pass */
function refuseUnknownFlags(args: Record<string, unknown>, known: ArgsDef): void {
  const names = new Set(["_", ...Object.keys(known)]);
  for (const name of Object.keys(args)) {
    const plain = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (names.has(name) || names.has(plain)) continue;
    const aliases = Object.values(known).flatMap((arg) =>
      "alias" in arg ? (arg.alias ?? []) : [],
    );
    if (!aliases.includes(name)) {
      throw new UsageError(`Cannot use --${plain}: no such option; --help lists them`);
    }
  }
}
