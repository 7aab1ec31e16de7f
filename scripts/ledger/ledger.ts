/**
 * The ledger that the consumer keeps in `consumer_offsets`. It says how far each partition of the log
 * has been counted, and what became of every offset up to there.
 */
import { eventsToRemove, type LedgerCounts } from "../../schema/ledger.ts";
import type { LogState } from "../kafka/log.ts";
import type { Config } from "../lib/config.ts";
import type { Queryable } from "../lib/postgres.ts";
import { type DuplicateRule, duplicateRules } from "./duplicate-rules.ts";
import type { Mark } from "./mark.ts";
import { type Standstill, standstill } from "./standstill.ts";

/** One row of `consumer_offsets`. */
export interface PartitionLedger extends Omit<LedgerCounts, "read"> {
  partition: number;
  /** Kafka's id of the topic that was counted. */
  topicId: string;
  /** Where counting began. */
  firstOffset: number;
  /** Where counting goes on. */
  nextOffset: number;
  /** How many of the duplicates were sent to the home of their user. */
  forwarded: number;
  /** How duplicates were found, from which offset on. */
  rules: DuplicateRule[];
  /** Where counting stands and why; null while it goes on. */
  standstill: Standstill | null;
  /** The last record that was counted; undefined when there was none. */
  mark?: Mark | undefined;
}

/** Which ledger is meant: the counts of one consumer group in one topic. */
export type LedgerScope = Pick<Config, "KAFKA_GROUP_ID" | "KAFKA_TOPIC">;

/** Condition for the rows of the scope. */
export const inScope = (sql: Queryable, { KAFKA_GROUP_ID, KAFKA_TOPIC }: LedgerScope) =>
  sql`group_id = ${KAFKA_GROUP_ID} and topic = ${KAFKA_TOPIC}`;

type Row = PartitionLedger & { markOffset: number | null; checksum: number | null };

/** The mark from the columns of `consumer_offsets`, which are null before the first record. */
export const storedMark = (offset: number | null, checksum: number | null): Mark | undefined =>
  offset === null || checksum === null ? undefined : { offset, checksum };

/** The ledger of each partition, in the order of the partitions. */
export async function readLedgers(sql: Queryable, scope: LedgerScope): Promise<PartitionLedger[]> {
  const rows = await sql<Row[]>`
    select partition, topic_id as "topicId", first_offset as "firstOffset",
      next_offset as "nextOffset", stored, duplicates, rejected, absent, lost,
      retractions, retracted, removed, forwarded, duplicate_rules as rules, standstill,
      last_record_offset as "markOffset", last_record_checksum as checksum
    from streaming.consumer_offsets
    where ${inScope(sql, scope)}
    order by partition`;
  return rows.map(({ markOffset: offset, checksum, ...row }) => ({
    ...row,
    mark: storedMark(offset, checksum),
    rules: duplicateRules.parse(row.rules),
    standstill: standstill.nullable().parse(row.standstill),
  }));
}

/** Columns for a statement that sums the ledger itself: those of `totalsOf(await readLedgers())`. */
export const totalColumns = (sql: Queryable) => sql`
  coalesce(sum(next_offset - first_offset), 0)::bigint as read,
  coalesce(sum(stored), 0)::bigint as stored,
  coalesce(sum(duplicates), 0)::bigint as duplicates,
  coalesce(sum(rejected), 0)::bigint as rejected,
  coalesce(sum(retractions), 0)::bigint as retractions,
  coalesce(sum(retracted), 0)::bigint as retracted,
  coalesce(sum(removed), 0)::bigint as removed,
  coalesce(sum(absent), 0)::bigint as absent,
  coalesce(sum(lost), 0)::bigint as lost`;

/** The same as `totalsOf(await readLedgers())`. */
export async function readTotals(sql: Queryable, scope: LedgerScope): Promise<LedgerCounts> {
  const [row] = await sql<LedgerCounts[]>`
    select ${totalColumns(sql)} from streaming.consumer_offsets where ${inScope(sql, scope)}`;
  return row as LedgerCounts;
}

/** Whether the log still begins where counting of the partition began. */
export const isLogWhole = (
  { partition, firstOffset }: Pick<PartitionLedger, "partition" | "firstOffset">,
  log: ReadonlyMap<number, LogState>,
): boolean => (log.get(partition)?.logStart ?? 0) <= firstOffset;

/** The counts of all partitions together. */
export function totalsOf(ledgers: readonly PartitionLedger[]): LedgerCounts {
  const total: LedgerCounts = {
    ...{ read: 0, stored: 0, duplicates: 0, rejected: 0, absent: 0, lost: 0 },
    ...{ retractions: 0, retracted: 0, removed: 0 },
  };
  for (const ledger of ledgers) {
    total.read += ledger.nextOffset - ledger.firstOffset;
    total.stored += ledger.stored;
    total.duplicates += ledger.duplicates;
    total.rejected += ledger.rejected;
    total.retractions += ledger.retractions;
    total.retracted += ledger.retracted;
    total.removed += ledger.removed;
    total.absent += ledger.absent;
    total.lost += ledger.lost;
  }
  return total;
}

/**
 * What waits for a replay, in words; undefined when nothing does.
 * @param canReplay whether the log still begins where counting began, as a replay needs it
 */
export function describeToRemove(
  counts: Pick<LedgerCounts, "retracted" | "removed">,
  canReplay = true,
): string | undefined {
  const events = eventsToRemove(counts);
  if (events === 0) return undefined;
  const [are, wait, stay] = events === 1 ? ["is", "waits", "stays"] : ["are", "wait", "stay"];
  const taken = `${events} event${events === 1 ? "" : "s"} ${are} taken back`;
  return canReplay
    ? `${taken} and ${wait} for \`bun run replay\``
    : `${taken} and ${stay} counted: the log no longer begins where counting did, so \`bun run replay\` cannot count again without them`;
}
