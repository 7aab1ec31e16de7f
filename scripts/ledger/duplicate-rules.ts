/**
 * By which rule records of a partition were decided, from which offset on. A rule holds up to the
 * next one, so that a replay decides each record as the consumer did. Pure.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

const from = z.number().int().min(0);
/** The number of partitions that decides the home of a user; without it, records count where they stand. */
const partitions = z.number().int().min(1).optional();
/** How far an event may be ahead of the log, in milliseconds; without it, all moments count. */
const aheadMsMax = z.number().int().min(0).optional();

/** The same id counts once within a number of records: the rule before there was a horizon. */
const windowRule = z.strictObject({
  from,
  windowRecords: z.number().int().min(1),
  partitions,
  aheadMsMax,
});
/** The same id counts once within a time of the log. */
const horizonRule = z.strictObject({
  from,
  horizonMs: z.number().int().min(1),
  partitions,
  aheadMsMax,
  /** Whether a record may take an event back; without it, such a record is no event. */
  retracts: z.literal(true).optional(),
  /** Which partitions held the users of this one before it was added, the latest first. */
  inherits: z
    .array(
      z.strictObject({
        partition: z.number().int().min(0),
        /** Users of this one stand there below this offset. */
        below: z.number().int().min(0),
        /** The number of partitions that decides which users these are. */
        partitions: z.number().int().min(1),
      }),
    )
    .optional(),
});

export const duplicateRules = z.array(z.union([windowRule, horizonRule])).min(1);

export type DuplicateRule = z.infer<typeof windowRule> | z.infer<typeof horizonRule>;

export interface WantedRule {
  horizonMs: number;
  partitions: number;
  aheadMsMax: number;
  retracts: true;
}

export type Inherited = NonNullable<z.infer<typeof horizonRule>["inherits"]>;

export const inheritedBy = (rule: DuplicateRule | undefined): Inherited =>
  (rule && "horizonMs" in rule ? rule.inherits : undefined) ?? [];

/** The rules once records from `nextOffset` on are decided by the wanted one. */
export function withRule(
  rules: readonly DuplicateRule[],
  nextOffset: number,
  wanted: WantedRule,
): DuplicateRule[] {
  if (isInForce(rules, wanted)) return [...rules];
  // A rule by which nothing was decided leaves no trace.
  const before = rules.filter((rule) => rule.from < nextOffset);
  if (isInForce(before, wanted)) return before;
  const inherits = inheritedBy(rules.at(-1));
  const rule = { from: nextOffset, ...wanted, ...(inherits.length > 0 && { inherits }) };
  return [...before, rule];
}

/** The ledger of another partition of the same topic, as far as it matters here. */
export interface Neighbour {
  partition: number;
  rules: readonly DuplicateRule[];
}

/**
 * The partition that has held the users of a new one, when partitions were added; undefined when none
 * were.
 * @throws Error when users of several partitions would mix
 */
export function parentOf(
  partition: number,
  partitions: number,
  neighbours: readonly Neighbour[],
): number | undefined {
  // Rules from before homes were looked at do not tell; each partition of that time has one.
  const old = neighbours.filter(({ rules }) => rules.some((rule) => rule.partitions === undefined));
  const before = neighbours
    .flatMap(({ rules }) => rules.map((rule) => rule.partitions ?? old.length))
    .filter((count) => count < partitions);
  if (before.length === 0) return undefined;
  const count = Math.max(...before);
  if (partitions % count !== 0) {
    throw new Error(`${partitions} partitions are no multiple of ${count}`);
  }
  return partition % count;
}

/** The first rules of an added partition, whose parent has these. */
export function childRules(
  parent: Neighbour,
  logStart: number,
  wanted: WantedRule,
): DuplicateRule[] {
  const { partitions } = wanted;
  const split = parent.rules.find((rule) => rule.partitions === partitions);
  if (!split) throw new Error(`Cannot add a partition: partition ${parent.partition} is not split`);
  const earlier = inheritedBy(parent.rules.at(-1)).map((from) => ({ ...from, partitions }));
  const inherits = [{ partition: parent.partition, below: split.from, partitions }, ...earlier];
  return [{ from: logStart, ...wanted, inherits }];
}

function isInForce(
  rules: readonly DuplicateRule[],
  { horizonMs, partitions, aheadMsMax, retracts }: WantedRule,
) {
  const last = rules.at(-1);
  return (
    last !== undefined &&
    "horizonMs" in last &&
    last.horizonMs === horizonMs &&
    last.partitions === partitions &&
    last.aheadMsMax === aheadMsMax &&
    last.retracts === retracts
  );
}

/** The offset from which on a record may take an event back. */
export const retractsFrom = (rules: readonly DuplicateRule[]): number =>
  rules.find((rule) => "retracts" in rule)?.from ?? Number.POSITIVE_INFINITY;

/** Whether both rules find the same duplicates, and differ in something else at most. */
export const findsLike = (rule: DuplicateRule, other: DuplicateRule) =>
  isDeepStrictEqual(findsBy(rule), findsBy(other));

function findsBy(rule: DuplicateRule) {
  if ("windowRecords" in rule) return { windowRecords: rule.windowRecords };
  return { horizonMs: rule.horizonMs, inherits: rule.inherits };
}

/** The rule for an offset. */
export function ruleAt(rules: readonly DuplicateRule[], offset: number): DuplicateRule {
  const rule = rules.findLast(({ from }) => from <= offset) ?? rules[0];
  if (!rule) throw new Error("Cannot decide duplicates: the partition has no rule");
  return rule;
}
