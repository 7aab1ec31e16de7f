/**
 * Which folders of the cache are in use. A folder's modification time is its last use. A running
 * program holds a shared lock of the kernel on it, which ends with the program.
 */
import { closeSync, openSync, utimesSync } from "node:fs";
import { tryLock } from "./flock.ts";

/** Part of util-linux. Where it is absent, no folder is locked and none is ever removed. */
export const flockProgram = () => Bun.which("flock");

/** Notes that these folders are used now. A missing or read-only path is left alone. */
export function markUsed(paths: string[]): void {
  const now = new Date();
  for (const path of paths) {
    try {
      utimesSync(path, now, now);
    } catch {
      // In compose.yaml `setup` has recorded it, in a volume that only it may write.
    }
  }
}

/**
 * The command that runs `command` with a shared lock on each folder. The kernel closes our own
 * descriptors when this process becomes another program, so `flock` opens them.
 */
export function holding(folders: string[], command: string[]): string[] {
  const flock = flockProgram();
  if (!flock) return command;
  const locks = folders.flatMap((folder) => [flock, "--shared", "--no-fork", folder]);
  return [...locks, ...command];
}

/** Whether a program that was started with `holding` still runs. */
export function isHeld(folder: string): boolean {
  const descriptor = openSync(folder, "r");
  try {
    return !tryLock(descriptor, "exclusive");
  } finally {
    closeSync(descriptor);
  }
}
