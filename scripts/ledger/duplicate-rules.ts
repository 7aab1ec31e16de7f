/**
 * By which rule duplicates of a partition were decided, from which offset on. A rule holds up to the
 * next one, so that a replay decides each record as the consumer did. Pure.
 */
import { z } from "zod";

const from = z.number().int().min(0);

/** The same id counts once within a number of records: the rule before there was a horizon. */
const windowRule = z.strictObject({ from, windowRecords: z.number().int().min(1) });
/** The same id counts once within a time of the log. */
const horizonRule = z.strictObject({ from, horizonMs: z.number().int().min(1) });

export const duplicateRules = z.array(z.union([windowRule, horizonRule])).min(1);

export type DuplicateRule = z.infer<typeof windowRule> | z.infer<typeof horizonRule>;

/** The rules once records from `nextOffset` on are decided by this horizon. */
export function withHorizon(
  rules: readonly DuplicateRule[],
  nextOffset: number,
  horizonMs: number,
): DuplicateRule[] {
  const last = rules.at(-1);
  if (last && "horizonMs" in last && last.horizonMs === horizonMs) return [...rules];
  const before = rules.filter((rule) => rule.from < nextOffset);
  return withHorizonBehind(before, nextOffset, horizonMs);
}

function withHorizonBehind(
  before: DuplicateRule[],
  nextOffset: number,
  horizonMs: number,
): DuplicateRule[] {
  const last = before.at(-1);
  if (last && "horizonMs" in last && last.horizonMs === horizonMs) return before;
  return [...before, { from: nextOffset, horizonMs }];
}

/** The rule for an offset. */
export function ruleAt(rules: readonly DuplicateRule[], offset: number): DuplicateRule {
  const rule = rules.findLast(({ from }) => from <= offset) ?? rules[0];
  if (!rule) throw new Error("Cannot decide duplicates: the partition has no rule");
  return rule;
}
