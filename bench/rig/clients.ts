/**
 * Client processes of the benchmark. They start with the settings of its stack, are paused and
 * resumed by process id, and always end with the benchmark.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ROOT } from "../../scripts/lib/config.ts";
import type { Stack } from "./stack.ts";

export interface Client {
  processId: number;
  /** Fails when the process ends before `end` is called. */
  assertAlive(): void;
  /**
   * What the process and its children have used, once it has ended on its own.
   * @throws Error with its output when it failed
   */
  ended(): Promise<{ cpuSeconds: number; peakMemoryBytes: number }>;
  pause(): void;
  resume(): void;
  /** Ends it as a loss of power would. */
  kill(): Promise<void>;
  /** What it wrote to stderr, once it has ended. */
  words(): Promise<string>;
  /** Ends it as an operator would, and kills it when that has no effect. */
  end(): Promise<void>;
}

const running = new Set<Client>();
let isOver = false;

/** Starts a program of the checkout; `onLine` gets each line that it prints. */
export function startClient(
  stack: Stack,
  command: string[],
  environment: Record<string, string> = {},
  onLine: (line: string) => void = () => {},
): Client {
  if (isOver) throw new Error("The benchmark ends");
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...stack.environment, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const words = new Response(child.stderr).text();
  void readLines(child.stdout, onLine);
  let ending = false;
  let said = "";
  void words.then((text) => {
    said = text;
  });
  const client: Client = {
    processId: child.pid,
    assertAlive() {
      if (ending || child.exitCode === null) return;
      throw new Error(`Cannot go on: ${command.join(" ")} ended: ${said.trim().slice(-2_000)}`);
    },
    async ended() {
      const exitCode = await child.exited;
      running.delete(client);
      if (exitCode !== 0) {
        throw new Error(`Cannot go on: ${command.join(" ")} failed: ${(await words).trim()}`);
      }
      const { cpuTime, maxRSS } = child.resourceUsage()!;
      return { cpuSeconds: Number(cpuTime.total) / 1e6, peakMemoryBytes: maxRSS };
    },
    words: () => words,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async kill() {
      ending = true;
      running.delete(client);
      child.kill("SIGKILL");
      await child.exited;
    },
    async end() {
      ending = true;
      running.delete(client);
      if (child.exitCode !== null) return;
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const obeyed = await Promise.race([child.exited, delay(15_000, "late", { ref: false })]);
      if (obeyed === "late") child.kill("SIGKILL");
      await child.exited;
    },
  };
  running.add(client);
  return client;
}

/** No client can be started after this. */
export async function endAllClients(): Promise<void> {
  isOver = true;
  await Promise.all([...running].map((client) => client.end()));
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}
