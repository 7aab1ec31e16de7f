import { expect, test } from "bun:test";
import { commandLine, isAlive, memoryBytes, processesWithEnvironment } from "./process-tree.ts";

test("memoryBytes() counts the descendants of a process", async () => {
  const alone = memoryBytes(process.pid);
  const child = Bun.spawn([process.execPath, "-e", "process.stdin.resume()"], { stdin: "pipe" });
  try {
    expect(alone).toBeGreaterThan(1_000_000);
    expect(memoryBytes(child.pid)).toBeGreaterThan(0);
    expect(commandLine(child.pid)).toContain("process.stdin.resume()");
  } finally {
    child.kill();
    await child.exited;
  }
  expect(isAlive(child.pid)).toBe(false);
  expect(memoryBytes(child.pid)).toBe(0);
});

test("processesWithEnvironment() finds a process by what it was started with, and no other", async () => {
  const mark = `TEST_MARK=${crypto.randomUUID()}`;
  const child = Bun.spawn(["sleep", "60"], { env: { TEST_MARK: mark.slice("TEST_MARK=".length) } });
  try {
    expect(processesWithEnvironment([mark])).toEqual([child.pid]);
    expect(processesWithEnvironment([mark, "ANOTHER=1"])).toEqual([]);
  } finally {
    child.kill();
    await child.exited;
  }
});
