/**
 * Lets one process at a time do something, by the kernel's lock on a file. The lock ends with its
 * holder and works across containers that share the disk. The file names the holder.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { pause } from "../lib/wait.ts";
import { tryLock } from "./flock.ts";
import { say } from "./progress.ts";

/** A shorter wait needs no message. */
const SAID_AFTER_MS = 1_000;
const ATTEMPT_EVERY_MS = 100;

interface LockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
  /** What the holder does, such as "installs Kafka", for a process that has to wait. */
  holderDoes?: string;
}

/**
 * Takes the lock, waiting for its holder up to `waitMsMax`; returns what releases it.
 * @throws Error naming the holder when the wait is over, or the reason of the signal
 */
export async function takeLock(
  path: string,
  waitMsMax: number,
  { signal, holderDoes = "holds the lock" }: LockOptions = {},
): Promise<() => void> {
  const beganMs = performance.now();
  let isSaid = false;
  for (;;) {
    signal?.throwIfAborted();
    const release = claim(path);
    if (release) return release;
    const waitedMs = performance.now() - beganMs;
    if (waitedMs > waitMsMax) {
      throw new Error(`Cannot take ${path}: ${nameOf(readHolder(path))} holds it`);
    }
    if (!isSaid && waitedMs > SAID_AFTER_MS) {
      say(`Waiting for ${nameOf(readHolder(path))}, which ${holderDoes}`);
      isSaid = true;
    }
    await pause(ATTEMPT_EVERY_MS, signal);
  }
}

/** The process that holds a lock now. */
export function lockHolder(path: string): number | undefined {
  const descriptor = openToRead(path);
  if (descriptor === undefined) return undefined;
  try {
    return tryLock(descriptor, "shared") ? undefined : readHolder(path);
  } finally {
    closeSync(descriptor);
  }
}

/** The file is deleted by its holder, so a lock counts only on the file that has the name now. */
function claim(path: string): (() => void) | undefined {
  const descriptor = openSync(path, "a+", 0o600);
  if (!tryLock(descriptor, "exclusive") || !isSameFile(descriptor, path)) {
    closeSync(descriptor);
    return undefined;
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, String(process.pid));
  return () => {
    rmSync(path, { force: true });
    closeSync(descriptor);
  };
}

function isSameFile(descriptor: number, path: string): boolean {
  return fstatSync(descriptor).ino === statSync(path, { throwIfNoEntry: false })?.ino;
}

function openToRead(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function readHolder(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

const nameOf = (holder: number | undefined) =>
  holder === undefined ? "another process" : `process ${holder}`;
