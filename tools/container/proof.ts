/** The common proof of both ways to run in containers: events arrive, and `verify` holds. */
import { until } from "../../scripts/lib/wait.ts";

const HOPS = 8;
const EVENTS_MIN = 20;
const COMPLETE_MS_MAX = 300_000;

interface Verdict {
  holds: boolean;
  firstDifference: string | null;
  /** Names of the hops that were not asked. */
  notAsked: string[];
  hops: { hop: string; numbers: Record<string, number> }[];
}

/**
 * Waits until every hop has something to compare and holds, with more events than `moreThan`.
 * Returns how many events there were.
 */
export function untilVerified(verify: () => Promise<string>, moreThan = EVENTS_MIN) {
  return until("every hop holds", COMPLETE_MS_MAX, () => verifiedEvents(verify, moreThan), {
    intervalMs: 2_000,
  });
}

async function verifiedEvents(verify: () => Promise<string>, moreThan: number): Promise<number> {
  const verdict: Verdict = JSON.parse(await verify());
  if (!verdict.holds) throw new Error(`${verdict.firstDifference} differs`);
  if (verdict.notAsked.length > 0) throw new Error(`not asked: ${verdict.notAsked.join(", ")}`);
  if (verdict.hops.length < HOPS) throw new Error(`only ${verdict.hops.length} hops`);
  const stored = verdict.hops[0]!.numbers.stored ?? 0;
  if (stored <= moreThan) throw new Error(`${stored} events so far`);
  return stored;
}
