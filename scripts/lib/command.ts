/**
 * The frame that every command runs in: help, flags, the environment file, one way to fail, and the
 * exit status. 0 means done, 1 failed, 2 wrong flag or setting, 130 or 143 stopped by a signal.
 */
import { loadEnvironmentFile } from "./environment-file.ts";
import { exitStatusOf } from "./errors.ts";
import { type Flags, readFlags, type Values } from "./flags.ts";
import { type Described, helpText } from "./help-text.ts";
import { noProxyForLoopback } from "./loopback.ts";
import { StoppedError, statusOfSignal } from "./stop.ts";
import { styled } from "./terminal.ts";
import { type VerbName, verbs } from "./verbs.ts";

export interface Command<Given extends Flags>
  extends Omit<Described, "name" | "summary" | "flags"> {
  name: VerbName;
  flags?: Given;
  /**
   * Does the work. `process.exitCode` is the exit status, where it is not 0.
   * @throws UsageError, ConfigError for status 2; StoppedError for that of its signal; others for 1
   */
  run(context: { flags: Values<Given> }): void | Promise<void>;
}

/** Keeps the types of the flags. */
export const defineCommand = <const Given extends Flags = Record<never, never>>(
  command: Command<Given>,
) => command;

/** Runs the command of this process, and ends the process. */
export async function runCommand<Given extends Flags>(command: Command<Given>): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  try {
    await perform(command, process.argv.slice(2));
  } catch (error) {
    process.exitCode = statusOf(error);
    report(error);
  }
  for (const stream of [process.stdout, process.stderr]) await written(stream);
  // A request that is still retried, or a pipe that nobody writes to, would keep the process alive.
  process.exit();
}

async function perform<Given extends Flags>(
  command: Command<Given>,
  argv: string[],
): Promise<void> {
  const known = command.flags ?? ({} as Given);
  if (asksForHelp(argv)) {
    const described = { ...command, flags: known, summary: verbs[command.name] };
    console.log(helpText(described, (title) => styled("bold", title)));
    return;
  }
  const flags = readFlags(argv, known);
  await loadEnvironmentFile();
  Object.assign(process.env, noProxyForLoopback(process.env));
  await command.run({ flags });
}

/** Also `bun run up help`. What follows `--` belongs to the command. */
function asksForHelp(argv: string[]): boolean {
  if (argv.length === 1 && argv[0] === "help") return true;
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  return own.includes("--help") || own.includes("-h");
}

const statusOf = (error: unknown) =>
  error instanceof StoppedError ? statusOfSignal(error.signal) : exitStatusOf(error);

/** One message, and where it comes from only for those who ask for it. */
function report(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${message}\n`);
  if (process.env.LOG_LEVEL === "debug") process.stderr.write(`${stack}\n`);
}

/** What a writer is told when its reader has gone: of a pipe, and of a socket that held unread data. */
const READER_GONE = ["EPIPE", "ECONNRESET"];

/** A reader such as `head` that has enough is no failure. Its writer learns of it by its callback. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (!READER_GONE.includes(error.code ?? "")) throw error;
}

const written = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write("", () => resolve()));

/** The answer of `--json`: indented for a person at a terminal, one line for a program. */
export const printJson = (value: unknown) =>
  console.log(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0));
