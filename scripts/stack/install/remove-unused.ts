/**
 * Removes from the cache what nothing has used for a month: folders of locks that have changed since,
 * what a killed installation has left of one, Kafka's archives for another Java. Never what a program
 * runs from or an installation works on, and nothing whose name is not one of ours.
 */
import { accessSync, constants, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { folderBytes } from "../../host/folder-size.ts";
import { opsPython } from "../../host/folders.ts";
import { takeLock } from "../../host/lock.ts";
import { megabytes } from "../../host/progress.ts";
import { packageIndex } from "../../host/python.ts";
import { runShown } from "../../host/run.ts";
import { flockProgram } from "../../host/use.ts";
import type { Config } from "../../lib/config.ts";

const UNUSED_DAYS_MAX = 30;
const UNUSED_MS_MAX = UNUSED_DAYS_MAX * 86_400_000;

const FOLDER = /^(ops|kafka|trino|airflow|dbt|superset|lint)-[0-9a-f]{12}(\.draft|\.removed)?$/;
const PYTHON = /^(airflow|dbt|superset|lint)-/;
const ARCHIVE = /^classes-[0-9a-f]{12}\.aot$/;

/** Returns what it did, in a sentence, or nothing when there was nothing to do. */
export async function removeUnused(config: Config): Promise<string | undefined> {
  if (!isWritable(config.CACHE_DIR) || !flockProgram()) return undefined;
  let [bytes, packageBytes] = [0, 0];
  for (const name of readdirSync(config.CACHE_DIR).filter((name) => FOLDER.test(name))) {
    const path = join(config.CACHE_DIR, name);
    const removed = isUnused(path) ? await removeFolder(path) : removeArchives(path);
    bytes += removed;
    if (PYTHON.test(name)) packageBytes += removed;
  }
  if (packageBytes > 0) await forgetPackages(config);
  if (bytes === 0) return undefined;
  return `Removed ${megabytes(bytes)} of installs that nothing has used for ${UNUSED_DAYS_MAX} days`;
}

/** It vanishes at once, so that nobody ever finds half of it. Returns its size, or 0 if it stays. */
async function removeFolder(path: string): Promise<number> {
  const release = await takeLock(`${path.replace(/\.\w+$/, "")}.lock`, 0).catch(() => undefined);
  if (!release) return 0;
  try {
    if (isHeld(path) || !isUnused(path)) return 0;
    const doomed = path.replace(/(\.\w+)?$/, ".removed");
    if (doomed !== path) {
      rmSync(doomed, { recursive: true, force: true });
      renameSync(path, doomed);
    }
    const bytes = folderBytes(doomed);
    rmSync(doomed, { recursive: true, force: true });
    return bytes;
  } catch {
    // Somebody else's.
    return 0;
  } finally {
    release();
  }
}

/** A broker that runs keeps what it has read. */
function removeArchives(folder: string): number {
  return readdirSync(folder)
    .filter((name) => ARCHIVE.test(name))
    .map((name) => join(folder, name))
    .filter(isUnused)
    .map((path) => {
      const bytes = folderBytes(path);
      rmSync(path, { force: true });
      return bytes;
    })
    .reduce((sum, each) => sum + each, 0);
}

/**
 * uv keeps each package that it has unpacked, and the environments share its files. What they do not
 * share any more is only in its cache; what they do share stays theirs when the cache is emptied.
 */
async function forgetPackages(config: Config): Promise<void> {
  const command = [opsPython(config), "-m", "uv", "cache", "clean", "--quiet"];
  const environment = { ...packageIndex(config), UV_LOCK_TIMEOUT: "1" };
  await runShown(command, () => {}, { environment }).catch(() => {
    // Another installation works with it.
  });
}

/** What was being removed when it was interrupted is of no use to anybody. */
function isUnused(path: string): boolean {
  if (path.endsWith(".removed")) return true;
  const usedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - usedAtMs > UNUSED_MS_MAX;
}

/** Whether a program that was started from it still runs: see use.ts. */
function isHeld(path: string): boolean {
  const command = [flockProgram()!, "--exclusive", "--nonblock", path, "true"];
  return Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] }).exitCode !== 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
