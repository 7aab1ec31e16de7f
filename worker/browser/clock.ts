/** Time since the page was asked for, in milliseconds, that also passes while a computer sleeps. */

/** Of the wall clock against that of the page: more than a correction of its time. */
const JUMP_MS = 5_000;

let sleptMs = 0;
let wallAheadMs = Date.now() - performance.now();

export function nowMs(): number {
  const jumpMs = Date.now() - performance.now() - wallAheadMs;
  if (Math.abs(jumpMs) > JUMP_MS) {
    wallAheadMs += jumpMs;
    // A wall clock that is set back says nothing about what has passed.
    sleptMs += Math.max(0, jumpMs);
  }
  return performance.now() + sleptMs;
}

/** How long the computer has slept in all since the page was opened. */
export function sleptInAllMs(): number {
  nowMs();
  return sleptMs;
}
