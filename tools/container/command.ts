/** Runs commands of other programs; what they write is shown only when they fail. */
import type { Environment } from "../../tests/harness/script.ts";

const LINES_SHOWN = 30;

export interface CommandOptions {
  environment?: Environment;
  folder?: string;
  stdin?: Blob;
}

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const running = new Set<Bun.Subprocess>();

/** Ends what runs now; what is begun afterwards, such as tidying up, runs to its end. */
export function endRunning(): void {
  for (const program of running) program.kill();
}

export async function attempt(command: string[], options: CommandOptions = {}): Promise<Ended> {
  const program = Bun.spawn(command, {
    env: { ...process.env, ...options.environment },
    stdin: options.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(options.folder && { cwd: options.folder }),
  });
  running.add(program);
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  running.delete(program);
  return { exitCode, stdout, stderr };
}

/**
 * What the command prints.
 * @throws Error with its last lines when it fails
 */
export async function run(command: string[], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(command, options);
  if (exitCode === 0) return stdout;
  const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-LINES_SHOWN);
  throw new Error(
    `Cannot run ${command.slice(0, 5).join(" ")}: it ended with ${exitCode}\n  ${lines.join("\n  ")}`,
  );
}
