/** Runs other programs for the tools, to their end, and returns their output. */
import { closeSync, openSync } from "node:fs";

const LINES_SHOWN = 30;

export interface CommandOptions {
  /** Added to the environment of this process. */
  environment?: Record<string, string>;
  /** Where the program runs. @default the folder of this process */
  folder?: string;
  stdin?: Blob;
  /** File that takes both outputs as they come, in place of `stdout` and `stderr`. */
  log?: string;
  /** Both outputs go to the outputs of this process. */
  isShown?: boolean;
  /** Ends the program with SIGTERM after this many milliseconds. */
  msMax?: number;
}

export interface Ended {
  exitCode: number;
  /** The signal that ended the program. */
  signal: NodeJS.Signals | number | null;
  stdout: string;
  stderr: string;
}

const running = new Set<Bun.Subprocess>();

/** Ends all programs that run now. Later ones, such as cleaning up, run to their end. */
export function endRunning(): void {
  for (const program of running) program.kill();
}

/** Runs a command to its end, whatever its status. */
export async function attempt(command: string[], options: CommandOptions = {}): Promise<Ended> {
  const log = options.log === undefined ? undefined : openSync(options.log, "w");
  const output = log ?? (options.isShown ? "inherit" : "pipe");
  const program = Bun.spawn(command, {
    env: { ...process.env, ...options.environment },
    stdin: options.stdin ?? "ignore",
    stdout: output,
    stderr: output,
    ...(options.folder && { cwd: options.folder }),
    ...(options.msMax && { timeout: options.msMax }),
  });
  if (log !== undefined) closeSync(log);
  running.add(program);
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    textOf(program.stdout),
    textOf(program.stderr),
  ]);
  running.delete(program);
  return { exitCode, signal: program.signalCode, stdout, stderr };
}

const textOf = (stream: ReadableStream<Uint8Array> | number | undefined) =>
  stream instanceof ReadableStream ? new Response(stream).text() : "";

/**
 * Runs a command and returns its standard output.
 * @throws Error with the command's last lines when it fails
 */
export async function run(command: string[], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(command, options);
  if (exitCode === 0) return stdout;
  const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-LINES_SHOWN);
  throw new Error(
    `Cannot run ${command.slice(0, 5).join(" ")}: it ended with ${exitCode}\n  ${lines.join("\n  ")}`,
  );
}
