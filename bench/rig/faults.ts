/** Kills and freezes processes. */
import { processTree, sendSignal } from "../../scripts/host/process-tree.ts";
import { pause } from "../../scripts/lib/wait.ts";

/** A process that faults hit. */
export interface Victim {
  name: string;
  /** Another one after each kill. */
  readonly processId: number;
  /** Kills it with SIGKILL, and resolves when it runs again. */
  kill(): Promise<void>;
}

const frozen = new Set<number>();
let isOver = false;

/**
 * Kills the victim, or stops it for some milliseconds.
 * @returns when the fault began and when the process ran again, in `performance.now()`
 */
export async function strike(
  victim: Victim,
  frozenMs: number | undefined,
): Promise<{ fromMs: number; toMs: number }> {
  if (isOver) throw new Error("The benchmark ends");
  const fromMs = performance.now();
  if (frozenMs === undefined) await victim.kill();
  else await freeze(victim.processId, frozenMs);
  return { fromMs, toMs: performance.now() };
}

async function freeze(processId: number, ms: number): Promise<void> {
  for (const id of processTree(processId)) {
    frozen.add(id);
    sendSignal(id, "SIGSTOP");
  }
  await pause(ms);
  thaw();
}

function thaw(): void {
  for (const id of frozen) sendSignal(id, "SIGCONT");
  frozen.clear();
}

/** Nothing is struck after this. What is frozen goes on, since it could not be stopped either. */
export function endFaults(): void {
  isOver = true;
  thaw();
}
