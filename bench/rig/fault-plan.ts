/** Which processes are killed and frozen, how long and when, from a seed. Pure. */
import type { RandomStream } from "../../scripts/produce/synthetic/random.ts";

export interface Fault {
  victim: string;
  /** How long the process is stopped; undefined when it is killed. */
  frozenMs: number | undefined;
  /** How long counting goes on before it: 0 to 2, with 1 as the mean of all faults. */
  distance: number;
}

const EVENTS_PER_FAULT = 1_000_000;
const FAULTS_MIN = 2;
const FAULTS_MAX = 100;
/** One freeze of this number is longer than a session. */
const LONG_FREEZE_EVERY = 5;
const FREEZE_MS_MIN = 10;

/** One fault for each million of events, from two faults to a hundred. */
export const faultCount = (events: number): number =>
  Math.min(FAULTS_MAX, Math.max(FAULTS_MIN, Math.round(events / EVENTS_PER_FAULT)));

/**
 * Every victim is equally likely, and so are kills and freezes. Most freezes are short, by a
 * logarithmic scale; some outlast a session by up to a half.
 */
export const planFaults = (
  random: RandomStream,
  victims: readonly string[],
  { count, sessionMs }: { count: number; sessionMs: number },
): Fault[] =>
  Array.from({ length: count }, () => ({
    victim: victims[random.below(victims.length)] as string,
    frozenMs: random.below(2) === 0 ? undefined : freezeMs(random, sessionMs),
    distance: 2 * random.fraction(),
  }));

function freezeMs(random: RandomStream, sessionMs: number): number {
  if (random.below(LONG_FREEZE_EVERY) === 0) return sessionMs * (1 + random.fraction() / 2);
  return FREEZE_MS_MIN * (sessionMs / FREEZE_MS_MIN) ** random.fraction();
}
