import { expect, test } from "bun:test";
import { until } from "../lib/wait.ts";
import {
  ageMs,
  commandLine,
  elapsedMs,
  isAlive,
  memoryBytes,
  parentOf,
  processesWithEnvironment,
  processTree,
} from "./process-tree.ts";

const START_MS_MAX = 10_000;

/** More than a shell alone uses, and less than any runtime. */
const RUNTIME_BYTES_MIN = 4_000_000;

/** A process has neither its command line nor its environment yet when the call to start it returns. */
const untilStarted = (processId: number, word: string) =>
  until(`process ${processId} runs ${word}`, START_MS_MAX, async () => {
    if (!commandLine(processId).includes(word)) throw new Error(commandLine(processId));
  });

test("memoryBytes() counts the descendants of a process", async () => {
  const program = `console.log(process.pid); process.stdin.resume()`;
  // The shell waits for the program: with nothing after it, it would become the program.
  const shell = Bun.spawn(["sh", "-c", `"$1" -e "$2"; true`, "sh", process.execPath, program], {
    stdin: "pipe",
    stdout: "pipe",
  });
  try {
    const { value } = await shell.stdout.getReader().read();
    const child = Number(new TextDecoder().decode(value));
    expect(processTree(shell.pid)).toEqual([shell.pid, child]);
    expect(commandLine(child)).toContain("process.stdin.resume()");
    await until("the runtime has its memory", START_MS_MAX, async () => {
      expect(memoryBytes(child)).toBeGreaterThan(RUNTIME_BYTES_MIN);
      expect(memoryBytes(shell.pid)).toBeGreaterThan(RUNTIME_BYTES_MIN);
    });
  } finally {
    shell.stdin.end();
    await shell.exited;
  }
  expect(isAlive(shell.pid)).toBe(false);
  expect(memoryBytes(shell.pid)).toBe(0);
});

test("processesWithEnvironment() finds a process by what it was started with, and no other", async () => {
  const mark = `TEST_MARK=${crypto.randomUUID()}`;
  const child = Bun.spawn(["sleep", "60"], { env: { TEST_MARK: mark.slice("TEST_MARK=".length) } });
  try {
    await untilStarted(child.pid, "sleep 60");
    expect(processesWithEnvironment([mark])).toEqual([child.pid]);
    expect(processesWithEnvironment([mark, "ANOTHER=1"])).toEqual([]);
  } finally {
    child.kill();
    await child.exited;
  }
});

test("ageMs() and parentOf() say when and by whom a process was started", async () => {
  const shell = Bun.spawn(["sh", "-c", "read line"], { stdin: "pipe" });
  try {
    expect(parentOf(shell.pid)).toBe(process.pid);
    const [own, other] = [ageMs(process.pid), ageMs(shell.pid)];
    expect(other).toBeGreaterThanOrEqual(0);
    expect(other).toBeLessThan(own);
    expect(Math.abs(own - performance.now())).toBeLessThan(2_000);
  } finally {
    shell.stdin.end();
    await shell.exited;
  }
});

test("elapsedMs() reads each form in which ps gives a time", () => {
  expect(["00:07", "02:07", "1:00:00", "2-03:00:00"].map(elapsedMs)).toEqual([
    7_000,
    127_000,
    3_600_000,
    (2 * 24 + 3) * 3_600_000,
  ]);
});
