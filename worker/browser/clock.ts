/** Milliseconds since the page was requested. Unlike `performance.now()`, they include sleep. */

/** A larger change of the wall clock against the page's clock is no correction, but sleep. */
const JUMP_MS = 5_000;

let sleptMs = 0;
let wallAheadMs = Date.now() - performance.now();

export function nowMs(): number {
  const jumpMs = Date.now() - performance.now() - wallAheadMs;
  if (Math.abs(jumpMs) > JUMP_MS) {
    wallAheadMs += jumpMs;
    // A wall clock that was set back says nothing about the time that passed.
    sleptMs += Math.max(0, jumpMs);
  }
  return performance.now() + sleptMs;
}

/** How long the computer has slept since the page was opened. */
export function totalSleepMs(): number {
  nowMs();
  return sleptMs;
}
