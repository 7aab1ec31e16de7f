import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockHolder, takeLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Another process that holds the lock until it is killed. */
async function startHolder(path: string) {
  const code = `
    const { takeLock } = await import(${JSON.stringify(join(import.meta.dir, "lock.ts"))});
    await takeLock(process.argv[1], 0);
    console.log("held");
    setInterval(() => {}, 1_000);`;
  const holder = Bun.spawn([process.execPath, "-e", code, path], { stdout: "pipe" });
  await holder.stdout.getReader().read();
  return holder;
}

test("takeLock() waits when another holds it and goes on when that one lets go", async () => {
  const path = join(folder, "held");
  const release = await takeLock(path, 0);
  const second = takeLock(path, 10_000);
  release();
  (await second)();
  expect(existsSync(path)).toBe(false);
});

test("takeLock() names the holder when it does not let go in time", async () => {
  const path = join(folder, "kept");
  const holder = await startHolder(path);
  try {
    await expect(takeLock(path, 0)).rejects.toThrow(`process ${holder.pid} holds it`);
    expect(lockHolder(path)).toBe(holder.pid);
  } finally {
    holder.kill("SIGKILL");
  }
});

test("takeLock() stops waiting when its signal comes", async () => {
  const path = join(folder, "interrupted");
  const release = await takeLock(path, 0);
  const interrupted = new AbortController();
  const second = takeLock(path, 60_000, { signal: interrupted.signal });
  interrupted.abort(new Error("Ctrl-C"));
  await expect(second).rejects.toThrow("Ctrl-C");
  release();
});

test("takeLock() takes over when the holder was killed", async () => {
  const path = join(folder, "stale");
  const holder = await startHolder(path);
  holder.kill("SIGKILL");
  await holder.exited;
  expect(existsSync(path)).toBe(true);
  expect(lockHolder(path)).toBeUndefined();
  (await takeLock(path, 0))();
  expect(existsSync(path)).toBe(false);
});

test("takeLock() is not misled by a file with the id of a process that holds nothing", async () => {
  const path = join(folder, "reused");
  writeFileSync(path, String(process.pid));
  (await takeLock(path, 0))();
  expect(existsSync(path)).toBe(false);
});

test("takeLock() lets one of many at a time work when all want to at once", async () => {
  const path = join(folder, "many");
  let working = 0;
  const turns = Array.from({ length: 8 }, async () => {
    const release = await takeLock(path, 20_000);
    working++;
    await Bun.sleep(1);
    expect(working).toBe(1);
    working--;
    release();
  });
  await Promise.all(turns);
});
