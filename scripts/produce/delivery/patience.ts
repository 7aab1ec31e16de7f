/** How long a producer waits for Kafka before it gives up: as long as it is told to. */
import type { Dependency } from "../../lib/dependency.ts";

/** After a stop, how long Kafka is waited for before what is unsent is given up. */
const STOPPED_MS_MAX = 10_000;
const CHECK_MS = 500;
const SAY_EVERY_MS = 60_000;

export interface PatienceOptions {
  /** Longest outage; Infinity for no end. */
  waitMs: number;
  /** A person or a supervisor that stops the program does not wait for an outage to pass. */
  stop: AbortSignal;
  /** Called each minute of an outage. */
  onStillAway(awayMs: number): void;
  /** Called once, with why. */
  onGiveUp(reason: string): void;
}

/** Returns a function that ends the watch. */
export function limitWait(
  kafka: Dependency,
  { waitMs, stop, onStillAway, onGiveUp }: PatienceOptions,
): () => void {
  let sayAtMs = SAY_EVERY_MS;
  let stoppedMs = 0;
  const check = () => {
    const { isAway, awayMs } = kafka;
    if (!isAway) sayAtMs = SAY_EVERY_MS;
    stoppedMs = isAway && stop.aborted ? stoppedMs + CHECK_MS : 0;
    const hasGivenUp = stoppedMs >= STOPPED_MS_MAX || (isAway && awayMs >= waitMs);
    if (hasGivenUp) {
      clearInterval(timer);
      onGiveUp(
        stop.aborted
          ? "gave up waiting for it, to stop"
          : `it has been away for ${Math.round(awayMs / 1_000)} s, as long as --wait allows`,
      );
    } else if (awayMs >= sayAtMs) {
      sayAtMs += SAY_EVERY_MS;
      onStillAway(awayMs);
    }
  };
  const timer = setInterval(check, CHECK_MS);
  return () => clearInterval(timer);
}
