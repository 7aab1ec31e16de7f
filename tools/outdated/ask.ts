/** Runs a program that asks a registry, for so long as an answer is worth waiting for. */
const ASK_MS_MAX = 30_000;

/** @throws Error with the last line of what the program said when it fails or takes too long */
export async function ask(
  registry: string,
  command: string[],
  { input = "", environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<string> {
  const program = Bun.spawn(command, {
    env: { ...process.env, ...environment },
    stdio: [new Blob([input]), "pipe", "pipe"],
    timeout: ASK_MS_MAX,
    killSignal: "SIGKILL",
  });
  const [output, faults] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  if ((await program.exited) === 0) return output;
  const reason = program.signalCode
    ? `no answer in ${ASK_MS_MAX / 1000} s`
    : faults.trim().split("\n").at(-1);
  throw new Error(`Cannot ask ${registry}: ${reason}`);
}
