/**
 * Lets one process at a time do a thing, by a file that holds its process id. The file of a process
 * that has ended counts for nothing, so a killed one blocks nobody; nor does a process that only has
 * the same id by now, as is usual in a container that was started again.
 */
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ageMs, isAlive } from "./process-tree.ts";
import { say } from "./progress.ts";

/** The system knows the start of a process to a hundredth of a second, `ps` to a second. */
const START_MS_TOLERANCE = 1_000;

/** Nobody wants to read of what takes no longer. */
const SAID_AFTER_MS = 1_000;

interface LockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
  /** What the holder does, such as "installs Kafka", for whoever has to wait. */
  holderDoes?: string;
}

/**
 * Takes the lock, waiting for its holder up to `waitMsMax`; returns what gives it back.
 * @throws Error naming the holder when it does not let go in time, or the reason of the signal
 */
export async function takeLock(
  path: string,
  waitMsMax: number,
  { signal, holderDoes = "holds the lock" }: LockOptions = {},
): Promise<() => void> {
  const beganMs = performance.now();
  const deadline = beganMs + waitMsMax;
  let isSaid = false;
  for (;;) {
    signal?.throwIfAborted();
    if (claim(path)) return () => rmSync(path, { force: true });
    const holder = holderOf(path);
    if (holder !== undefined && !holds(holder, path)) {
      removeStale(path, holder);
      continue;
    }
    if (performance.now() > deadline) {
      throw new Error(`Cannot take ${path}: process ${holder} holds it`);
    }
    if (!isSaid && performance.now() - beganMs > SAID_AFTER_MS) {
      say(`Waiting for process ${holder}, which ${holderDoes}`);
      isSaid = true;
    }
    await pause(100);
  }
}

/** The process that holds a lock now. */
export function lockHolder(path: string): number | undefined {
  const holder = holderOf(path);
  return holder !== undefined && holds(holder, path) ? holder : undefined;
}

/** A link appears with its content or not at all, so no lock is ever seen without its holder. */
function claim(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the lock of a process that has ended; whoever else found it stale may have removed it and
 * taken the lock by now, so what is moved aside is looked at again, and put back.
 */
function removeStale(path: string, holder: number): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (holderOf(aside) !== holder) linkSync(aside, path);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Who holds it lives, and lived already when it was taken. */
function holds(processId: number, path: string): boolean {
  if (!isAlive(processId)) return false;
  try {
    const takenMsAgo = Date.now() - statSync(path).mtimeMs;
    return ageMs(processId) + START_MS_TOLERANCE >= takenMsAgo;
  } catch {
    // It has just let go; the next look tells who takes it.
    return true;
  }
}

function holderOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
