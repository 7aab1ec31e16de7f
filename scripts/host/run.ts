/** Runs an installer, passes its lines on, and fails with its last words. */
import { constants, setPriority } from "node:os";

const WORDS_MAX = 15;

interface RunOptions {
  input?: string;
  environment?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/**
 * Whatever else wants the processors comes first: services that people wait for may start meanwhile.
 * @throws Error with the last lines that the command wrote, or the reason of the signal
 */
export async function runShown(
  command: string[],
  onLine: (line: string) => void,
  { input = "", environment = {}, signal }: RunOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const child = Bun.spawn(command, {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...environment },
    ...(signal && { signal }),
  });
  yieldProcessors(child.pid);
  const errors: string[] = [];
  await Promise.all([
    eachLine(child.stdout, onLine),
    eachLine(child.stderr, (line) => errors.push(line)),
  ]);
  if ((await child.exited) !== 0) {
    signal?.throwIfAborted();
    const words = errors.slice(-WORDS_MAX).join("\n  ");
    throw new Error(`Cannot run ${command.slice(0, 4).join(" ")}:\n  ${words}`);
  }
}

function yieldProcessors(processId: number): void {
  try {
    setPriority(processId, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already.
  }
}

async function eachLine(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest) onLine(rest);
}
