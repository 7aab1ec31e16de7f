import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holding, markUsed } from "../host/cache-use.ts";
import { takeLock } from "../host/lock.ts";
import { type Config, readConfig } from "../lib/config.ts";
import { removeUnused } from "./remove-unused.ts";

const OLD = "superset-0123456789ab";
const DAY_MS = 86_400_000;

let config: Config;

beforeEach(() => {
  // With a character that a shell would take for its own.
  config = readConfig({ CACHE_DIR: mkdtempSync(join(tmpdir(), "cache's ")) });
});
afterEach(() => rmSync(config.CACHE_DIR, { recursive: true }));

const place = (name: string) => join(config.CACHE_DIR, name);

/** Makes a folder of two megabytes that was last used `days` days ago. */
function make(name: string, daysAgo: number): string {
  mkdirSync(join(place(name), "lib"), { recursive: true });
  writeFileSync(join(place(name), "lib", "content"), "x".repeat(2_000_000));
  age(place(name), daysAgo);
  return place(name);
}

function age(path: string, daysAgo: number): void {
  const then = new Date(Date.now() - daysAgo * DAY_MS);
  utimesSync(path, then, then);
}

test("removeUnused() removes what nothing has used for 30 days and says how much", async () => {
  make(OLD, 31);
  make("trino-0123456789ab.draft", 31);
  make("kafka-0123456789ab.removed", 0);
  make("airflow-0123456789ab", 29);
  expect(await removeUnused(config)).toBe(
    "Removed 6 MB of installs that nothing has used for 30 days",
  );
  expect(readdirSync(config.CACHE_DIR)).toEqual(["airflow-0123456789ab"]);
  expect(await removeUnused(config)).toBeUndefined();
});

test("removeUnused() leaves what has none of our names", async () => {
  const names = ["superset-0123", "photos", "superset-0123456789ab.backup", "uv"];
  for (const name of names) make(name, 400);
  expect(await removeUnused(config)).toBeUndefined();
  expect(readdirSync(config.CACHE_DIR).sort()).toEqual(names.sort());
});

test("removeUnused() leaves what was marked as used, whatever its age", async () => {
  markUsed([make(OLD, 400), place("absent")]);
  expect(await removeUnused(config)).toBeUndefined();
  expect(existsSync(place(OLD))).toBe(true);
});

test("removeUnused() leaves what a program runs from until it ends", async () => {
  make(OLD, 400);
  const command = holding([place(OLD)], ["sh", "-c", "echo held; exec cat"]);
  const program = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
  await program.stdout.getReader().read();
  expect(await removeUnused(config)).toBeUndefined();
  expect(existsSync(place(OLD))).toBe(true);
  program.kill("SIGKILL");
  await program.exited;
  expect(await removeUnused(config)).toStartWith("Removed 2 MB");
});

test("removeUnused() leaves what an installation works on", async () => {
  make(OLD, 400);
  const release = await takeLock(`${place(OLD)}.lock`, 0);
  expect(await removeUnused(config)).toBeUndefined();
  release();
  expect(await removeUnused(config)).toStartWith("Removed 2 MB");
});

test("removeUnused() removes Kafka's archive for another Java and leaves the jars", async () => {
  const folder = make("kafka-0123456789ab", 400);
  const archives = ["classes-0123456789ab.aot", "classes-ba9876543210.aot"];
  for (const name of archives) writeFileSync(join(folder, name), "x".repeat(1_000_000));
  age(join(folder, archives[0]!), 31);
  markUsed([folder]);
  expect(await removeUnused(config)).toStartWith("Removed 1 MB");
  expect(readdirSync(folder).sort()).toEqual([archives[1]!, "lib"]);
});
