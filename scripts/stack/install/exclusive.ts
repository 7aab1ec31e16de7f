/**
 * Lets one process at a time do a thing, by a file that holds its process id. The file of a process
 * that has ended counts for nothing, so a killed one blocks nobody.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isAlive } from "../process-tree.ts";

/**
 * Takes the lock, waiting for its holder up to `waitMsMax`; returns what gives it back.
 * @throws Error naming the holder when it does not let go in time
 */
export async function takeLock(path: string, waitMsMax: number): Promise<() => void> {
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    if (claim(path)) return () => rmSync(path, { force: true });
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (performance.now() > deadline) {
      throw new Error(`Cannot take ${path}: process ${holder} holds it`);
    }
    await pause(100);
  }
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

function holderOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
