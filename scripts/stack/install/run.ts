/** Runs an installer, passes its lines on, and fails with its last words. */
const WORDS_MAX = 15;

/** @throws Error with the last lines that the command wrote */
export async function runShown(
  command: string[],
  onLine: (line: string) => void,
  { input = "", environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<void> {
  const child = Bun.spawn(command, {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...environment },
  });
  const errors: string[] = [];
  await Promise.all([
    eachLine(child.stdout, onLine),
    eachLine(child.stderr, (line) => errors.push(line)),
  ]);
  if ((await child.exited) !== 0) {
    const words = errors.slice(-WORDS_MAX).join("\n  ");
    throw new Error(`Cannot run ${command.slice(0, 4).join(" ")}:\n  ${words}`);
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
