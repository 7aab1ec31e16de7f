/** Which moments of events count, by the rule that holds at an offset. Pure. */
import { isPlausible } from "../../schema/moment.ts";
import { type DuplicateRule, ruleAt } from "../ledger/duplicate-rules.ts";

/**
 * Whether an event at the offset counts, by when it happened and when it was appended, in
 * milliseconds since the epoch.
 */
export type MomentCounts = (offset: number, createdAtMs: number, logMs: number) => boolean;

export const always: MomentCounts = () => true;

export const momentsOf =
  (rules: readonly DuplicateRule[]): MomentCounts =>
  (offset, createdAtMs, logMs) => {
    // What every rule accepts, and nearly every event: the rule is not even looked up.
    if (createdAtMs >= 0 && createdAtMs <= logMs) return true;
    const { aheadMsMax } = ruleAt(rules, offset);
    // Records that were counted before moments were looked at count whenever they happened.
    return aheadMsMax === undefined || isPlausible(createdAtMs, logMs, aheadMsMax);
  };
