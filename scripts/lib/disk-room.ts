/**
 * The room on the disks that hold data, by one rule for everyone. When it is low, a person should act.
 * When it is gone, nothing may start that keeps its data there.
 */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** A twentieth of the disk, but at least 1 GiB and at most 10 GiB, is little. */
const LOW_SHARE = 1 / 20;
const LOW_BYTES_MIN = 2 ** 30;
const LOW_BYTES_MAX = 10 * 2 ** 30;
/** Kafka and PostgreSQL write about this much while they start, and break when they cannot. */
export const START_BYTES = 64 * 2 ** 20;

export interface Room {
  freeBytes: number;
  /** Less than this is little. */
  wiseBytes: number;
  state: "enough" | "low" | "gone";
}

/** The rule. */
export function judgeRoom(diskBytes: number, freeBytes: number): Room {
  const wiseBytes = Math.min(Math.max(diskBytes * LOW_SHARE, LOW_BYTES_MIN), LOW_BYTES_MAX);
  const state = freeBytes >= wiseBytes ? "enough" : freeBytes >= START_BYTES ? "low" : "gone";
  return { freeBytes, wiseBytes, state };
}

/** Room on the disk that holds a path, or will hold it. */
export function roomAt(path: string): Room {
  const { blocks, bavail, bsize } = statfsSync(nearestExisting(path));
  return judgeRoom(blocks * bsize, bavail * bsize);
}

export function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
