/**
 * Runs one command of `bun run`: help and flags by citty, one line of text for an error, and the exit
 * status that scripts rely on: 0 done, 1 failed, 2 wrong usage or settings.
 */
import { type ArgsDef, type CommandDef, runCommand as runParsed, showUsage } from "citty";
import { ConfigError } from "../lib/config.ts";

export async function runCommand<Arguments extends ArgsDef>(
  command: CommandDef<Arguments>,
): Promise<void> {
  const rawArgs = process.argv.slice(2);
  try {
    if (rawArgs.includes("--help") || rawArgs.includes("-h")) await showUsage(command);
    else {
      await assertKnownFlags(command, rawArgs);
      await runParsed(command, { rawArgs });
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(isUsage(error) ? 2 : 1);
  }
}

/** citty ignores a flag that it does not know; a typing error should not pass for a success. */
async function assertKnownFlags<Arguments extends ArgsDef>(
  command: CommandDef<Arguments>,
  rawArgs: string[],
): Promise<void> {
  const definitions = await (typeof command.args === "function" ? command.args() : command.args);
  const known = Object.keys(definitions ?? {}).flatMap((name) => [`--${name}`, `--no-${name}`]);
  const unknown = rawArgs.find(
    (argument) => argument.startsWith("-") && !known.includes(argument.split("=")[0]!),
  );
  if (unknown) throw new ConfigError(`Cannot use ${unknown}: --help lists the flags`);
}

const isUsage = (error: unknown) =>
  error instanceof ConfigError || (error instanceof Error && error.name === "CLIError");
