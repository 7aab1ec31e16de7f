/** Waits for a condition with a deadline: the only way in which anything here waits. */
import { setTimeout as pause } from "node:timers/promises";

/**
 * Calls `attempt` until it does not throw.
 * @throws Error naming what was waited for, for how long, and why the last attempt failed
 */
export async function until<Result>(
  what: string,
  msMax: number,
  attempt: () => Promise<Result>,
  { signal, intervalMs = 100 }: { signal?: AbortSignal; intervalMs?: number } = {},
): Promise<Result> {
  const deadline = performance.now() + msMax;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      if (performance.now() > deadline) {
        const reason = error instanceof Error ? error.message || error.name : String(error);
        throw new Error(
          `Cannot wait longer until ${what}: not so after ${Math.round(msMax / 1000)} s, ${reason}`,
          { cause: error },
        );
      }
    }
    await pause(intervalMs);
  }
}

/** Thrown by an attempt when waiting longer is of no use. */
export class GiveUp extends Error {
  override name = "GiveUp";
}
