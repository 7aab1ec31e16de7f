/**
 * Removes cache files that were unused for a month: folders of older locks, remains of killed
 * installations, and files with their own age. It never removes a folder that a program or an
 * installation uses, or one without a runtime's name.
 */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { flockProgram, isHeld } from "../host/cache-use.ts";
import { folderBytes } from "../host/folder-size.ts";
import { opsPython } from "../host/folders.ts";
import { takeLock } from "../host/lock.ts";
import { OPS } from "../host/ops.ts";
import { packageIndex } from "../host/python.ts";
import { runShown } from "../host/run.ts";
import type { Runtime } from "../host/runtime.ts";
import { megabytes } from "../lib/bytes.ts";
import type { Config } from "../lib/config.ts";
import { sum } from "../lib/sum.ts";
import { services } from "./services.ts";

const UNUSED_DAYS_MAX = 30;
const UNUSED_MS_MAX = UNUSED_DAYS_MAX * 86_400_000;

const RUNTIMES: Runtime[] = [OPS, ...services.flatMap(({ runtimes }) => runtimes)];
/** The environment of the linters belongs to no service. */
const NAMES = [...RUNTIMES.map(({ name }) => name), "lint"];
const FOLDER = new RegExp(`^(${NAMES.join("|")})-[0-9a-f]{12}(\\.draft|\\.removed)?$`);
const AGING_FILES = RUNTIMES.flatMap(({ agingFiles }) => agingFiles?.pattern ?? []);

/** Returns a sentence about what it did, or undefined when there was nothing to do. */
export async function removeUnused(config: Config): Promise<string | undefined> {
  if (!isWritable(config.CACHE_DIR) || !flockProgram()) return undefined;
  let bytes = 0;
  let hasRemovedPython = false;
  for (const name of readdirSync(config.CACHE_DIR).filter((name) => FOLDER.test(name))) {
    const path = join(config.CACHE_DIR, name);
    if (!isUnused(path)) {
      bytes += removeAged(path);
      continue;
    }
    const isPython = existsSync(join(path, "pyvenv.cfg"));
    const removed = await removeFolder(path);
    bytes += removed;
    hasRemovedPython ||= isPython && removed > 0;
  }
  if (hasRemovedPython) await forgetPackages(config);
  if (bytes === 0) return undefined;
  return `Removed ${megabytes(bytes)} of installs that nothing has used for ${UNUSED_DAYS_MAX} days`;
}

/**
 * The folder is renamed first, so that no program finds half of it. Returns its size, or 0 if it
 * stays.
 */
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
    // It belongs to another user.
    return 0;
  } finally {
    release();
  }
}

function removeAged(folder: string): number {
  const aged = readdirSync(folder)
    .filter((name) => AGING_FILES.some((pattern) => pattern.test(name)))
    .map((name) => join(folder, name))
    .filter(isUnused);
  const bytes = sum(aged.map(folderBytes));
  for (const path of aged) rmSync(path, { force: true });
  return bytes;
}

/**
 * uv keeps each package that it has unpacked, and the environments share its files. Emptying its
 * cache frees only the files that no environment shares.
 */
async function forgetPackages(config: Config): Promise<void> {
  const command = [opsPython(config), "-m", "uv", "cache", "clean", "--quiet"];
  const environment = { ...packageIndex(config), UV_LOCK_TIMEOUT: "1" };
  await runShown(command, () => {}, { environment }).catch(() => {
    // Another installation uses it.
  });
}

/** The remains of an interrupted removal. */
function isUnused(path: string): boolean {
  if (path.endsWith(".removed")) return true;
  const usedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - usedAtMs > UNUSED_MS_MAX;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
