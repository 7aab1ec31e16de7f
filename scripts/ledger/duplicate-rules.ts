/**
 * By which rule duplicates of a partition were decided, from which offset on. A rule holds up to the
 * next one, so that a replay decides each record as the consumer did. Pure.
 */
import { z } from "zod";

const from = z.number().int().min(0);
/** The number of partitions that decides the home of a user; without it, records count where they stand. */
const partitions = z.number().int().min(1).optional();

/** The same id counts once within a number of records: the rule before there was a horizon. */
const windowRule = z.strictObject({ from, windowRecords: z.number().int().min(1), partitions });
/** The same id counts once within a time of the log. */
const horizonRule = z.strictObject({ from, horizonMs: z.number().int().min(1), partitions });

export const duplicateRules = z.array(z.union([windowRule, horizonRule])).min(1);

export type DuplicateRule = z.infer<typeof windowRule> | z.infer<typeof horizonRule>;

export interface WantedRule {
  horizonMs: number;
  partitions: number;
}

/** The rules once records from `nextOffset` on are decided by the wanted one. */
export function withRule(
  rules: readonly DuplicateRule[],
  nextOffset: number,
  wanted: WantedRule,
): DuplicateRule[] {
  if (isInForce(rules, wanted)) return [...rules];
  // A rule by which nothing was decided leaves no trace.
  const before = rules.filter((rule) => rule.from < nextOffset);
  return isInForce(before, wanted) ? before : [...before, { from: nextOffset, ...wanted }];
}

function isInForce(rules: readonly DuplicateRule[], { horizonMs, partitions }: WantedRule) {
  const last = rules.at(-1);
  return (
    last !== undefined &&
    "horizonMs" in last &&
    last.horizonMs === horizonMs &&
    last.partitions === partitions
  );
}

/** The rule for an offset. */
export function ruleAt(rules: readonly DuplicateRule[], offset: number): DuplicateRule {
  const rule = rules.findLast(({ from }) => from <= offset) ?? rules[0];
  if (!rule) throw new Error("Cannot decide duplicates: the partition has no rule");
  return rule;
}
