import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "exclusive-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An id that no process has: the system's are far smaller. */
const NOBODY = 2 ** 30;

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
  const release = await takeLock(path, 0);
  expect(takeLock(path, 0)).rejects.toThrow(`process ${process.pid} holds it`);
  release();
});

test("takeLock() stops waiting when its signal comes", async () => {
  const path = join(folder, "interrupted");
  const release = await takeLock(path, 0);
  const interrupted = new AbortController();
  const second = takeLock(path, 60_000, { signal: interrupted.signal });
  interrupted.abort(new Error("Ctrl-C"));
  expect(second).rejects.toThrow("Ctrl-C");
  release();
});

test("takeLock() takes over when the holder has ended", async () => {
  const path = join(folder, "stale");
  writeFileSync(path, String(NOBODY));
  (await takeLock(path, 0))();
  expect(existsSync(path)).toBe(false);
});

test("takeLock() takes over when the holder's id belongs to a process that is younger", async () => {
  const path = join(folder, "reused");
  writeFileSync(path, String(process.pid));
  const hourAgo = Date.now() / 1_000 - 3_600;
  utimesSync(path, hourAgo, hourAgo);
  (await takeLock(path, 0))();
  expect(existsSync(path)).toBe(false);
});
