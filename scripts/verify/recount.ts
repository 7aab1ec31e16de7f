/**
 * Log → tables, record by record: reads the log again with the simplest code, JSON.parse and the
 * schema, and compares its counts with the ledger. This file shares no code with the consumer's fast
 * path, so that a fault there cannot hide here.
 */
import { EVENT_BYTES_MAX, type Event, eventSchema } from "../../schema/event.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { partitionOf } from "../kafka/partition.ts";
import { type Range, readLog } from "../kafka/read-log.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { Skip } from "../kafka/unpack.ts";
import { type DuplicateRule, inheritedBy, ruleAt } from "../ledger/duplicate-rules.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Sql } from "../lib/postgres.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";
import { IdBuckets, type IdRecord } from "./id-buckets.ts";

type Count = Pick<PartitionLedger, "stored" | "duplicates" | "rejected" | "absent" | "lost">;

/** Counts what the log still holds of the counted range of each partition. */
export async function recount(
  kafka: Kafka,
  sql: Sql,
  topic: string,
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): Promise<HopResult> {
  const counters = new Map(ledgers.map((ledger) => [ledger.partition, new PlainCounter(ledger)]));
  const incomplete = ledgers.filter(
    ({ partition, firstOffset }) => (log.get(partition)?.logStart ?? 0) > firstOffset,
  );
  const ranges = new Map(
    ledgers
      .filter((ledger) => !incomplete.includes(ledger))
      .map(({ partition, firstOffset, nextOffset }) => [
        partition,
        { from: firstOffset, to: nextOffset },
      ]),
  );
  const skips = await readSkips(sql, topic);
  const unreadable = await countLog(kafka, topic, ranges, counters, skips);
  const complete = ledgers.filter((ledger) => ranges.has(ledger.partition));
  const differing = complete.filter(
    (ledger) =>
      !unreadable.has(ledger.partition) && !counters.get(ledger.partition)?.equals(ledger),
  );
  const stored = sum(complete.map(({ partition }) => counters.get(partition)?.count.stored ?? 0));
  const expected = sum(complete.map(({ stored }) => stored));
  return {
    hop: "log → tables, read again",
    equation: `${stored} events in the log = ${expected} stored`,
    holds: differing.length === 0 && unreadable.size === 0,
    numbers: { stored, expected },
    remarks: [
      ...differing.map(
        ({ partition }) =>
          `partition ${partition} reads as ${JSON.stringify(counters.get(partition)?.count)}`,
      ),
      ...complete
        .map((ledger) => ({ ledger, gone: counters.get(ledger.partition)?.count.lost ?? 0 }))
        .filter(({ ledger, gone }) => gone > ledger.lost)
        .map(
          ({ ledger, gone }) =>
            `partition ${ledger.partition}: the log has forgotten ${gone - ledger.lost} records that were counted, as compaction does`,
        ),
      ...Array.from(unreadable, ([partition, why]) => `partition ${partition}: ${why}`),
      ...incomplete.map(
        ({ partition }) =>
          `partition ${partition} not read: retention has deleted records that were counted`,
      ),
    ],
  };
}

/** Returns why the rest of a partition could not be read, by partition. */
async function countLog(
  kafka: Kafka,
  topic: string,
  ranges: ReadonlyMap<number, Range>,
  counters: ReadonlyMap<number, PlainCounter>,
  skips: ReadonlyMap<number, Skip[]>,
): Promise<Map<number, string>> {
  const unreadable = new Map<number, string>();
  const cursor = new RecordCursor();
  const buckets = new IdBuckets();
  try {
    const onBatch = (partition: number, batch: RecordBatch) => {
      const counter = counters.get(partition) as PlainCounter;
      if (batch.isHidden) counter.addAbsent(batch.baseOffset, batch.lastOffset + 1);
      if (batch.reject) counter.reject(batch.baseOffset, batch.lastOffset + 1);
      cursor.open(batch);
      while (cursor.next()) counter.add(cursor, batch.appendTimestampMs, buckets);
    };
    await readLog(kafka, topic, ranges, onBatch, {
      skips,
      onUnreadable: (partition, { message }) => unreadable.set(partition, message),
    });
    buckets.forEachBucket((records) => {
      for (const same of Map.groupBy(records, ({ id }) => id).values()) {
        const places = Map.groupBy(same, ({ partition }) => partition);
        for (const [partition, ordered] of places) {
          ordered.forEach((record, index) => {
            counters.get(partition)?.decide(record, ordered[index - 1], places);
          });
        }
      }
    });
    return unreadable;
  } finally {
    buckets.close();
  }
}

class PlainCounter {
  /** Until it is known what became of an offset, it counts as lost. */
  readonly count: Count;
  readonly #ledger: PartitionLedger;
  #appendMs = -1;

  constructor(ledger: PartitionLedger) {
    this.#ledger = ledger;
    const lost = ledger.nextOffset - ledger.firstOffset;
    this.count = { stored: 0, duplicates: 0, rejected: 0, absent: 0, lost };
  }

  add(
    { bytes, offset, timestampMs, valueStart, valueLength }: RecordCursor,
    appendMs: number | undefined,
    buckets: IdBuckets,
  ): void {
    const { partition, firstOffset, nextOffset, rules } = this.#ledger;
    if (offset < firstOffset || offset >= nextOffset) return;
    this.count.lost -= 1;
    const event = eventOf(bytes.subarray(valueStart, valueStart + Math.max(0, valueLength)));
    if (event === undefined || !isPlausible(event, timestampMs, ruleAt(rules, offset))) {
      this.count.rejected += 1;
      return;
    }
    // A misplaced event counts in its home alone.
    if (!isHome(event.user_id, partition, ruleAt(rules, offset).partitions)) {
      this.count.duplicates += 1;
      return;
    }
    this.#appendMs = Math.max(this.#appendMs, appendMs ?? -1);
    buckets.add({
      partition,
      offset,
      id: event.event_id.toLowerCase().replaceAll("-", ""),
      userId: event.user_id,
      appendMs: this.#appendMs,
    });
  }

  /** Offsets from `from` up to, not including, `to` hold nothing for readers. */
  addAbsent(from: number, to: number): void {
    this.count.absent += this.#found(from, to);
  }

  /** The same for offsets of a batch of which no record is read. */
  reject(from: number, to: number): void {
    this.count.rejected += this.#found(from, to);
  }

  /** How many of the offsets were counted; they are no longer lost. */
  #found(from: number, to: number): number {
    const { firstOffset, nextOffset } = this.#ledger;
    const offsets = Math.max(0, Math.min(to, nextOffset) - Math.max(from, firstOffset));
    this.count.lost -= offsets;
    return offsets;
  }

  /**
   * @param earlier the last record before this one with the same id
   * @param places all records with the same id, by partition
   */
  decide(
    record: IdRecord,
    earlier: IdRecord | undefined,
    places: ReadonlyMap<number, IdRecord[]>,
  ): void {
    const { partition } = record;
    const rule = ruleAt(this.#ledger.rules, record.offset);
    const inherited = inheritedBy(rule).flatMap((from) =>
      (places.get(from.partition) ?? []).filter(
        ({ offset, userId }) => offset < from.below && isHome(userId, partition, from.partitions),
      ),
    );
    const isDuplicate = [earlier, ...inherited].some(
      (other) => other !== undefined && isWithin(rule, record, other),
    );
    if (isDuplicate) this.count.duplicates += 1;
    else this.count.stored += 1;
  }

  equals(ledger: PartitionLedger): boolean {
    return Object.entries(this.count).every(
      ([name, count]) => count === ledger[name as keyof Count],
    );
  }
}

/** Records that were counted before homes were looked at count where they stand. */
const isHome = (userId: number, partition: number, partitions: number | undefined) =>
  partitions === undefined || partitionOf(String(userId), partitions) === partition;

/** Whether the event happened when the rule allows it, in a log that was written at `logMs`. */
function isPlausible(event: Event, logMs: number, { aheadMsMax }: DuplicateRule): boolean {
  if (aheadMsMax === undefined) return true;
  const createdAtMs = Date.parse(event.created_at);
  const isAhead = logMs > 0 && createdAtMs - logMs > aheadMsMax;
  return !isAhead && createdAtMs >= 0;
}

/** Whether the rule reaches from the record back to the earlier one. */
function isWithin(rule: DuplicateRule, record: IdRecord, earlier: IdRecord): boolean {
  if ("windowRecords" in rule) return earlier.offset >= record.offset - rule.windowRecords;
  // The horizon of a record is its slice of time, an eighth of the horizon, and the eight before it.
  const sliceMs = Math.ceil(rule.horizonMs / 8);
  const sliceOf = ({ appendMs }: IdRecord) => Math.floor(appendMs / sliceMs);
  return sliceOf(earlier) >= sliceOf(record) - 8;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Undefined when the value is no event. */
function eventOf(value: Uint8Array): Event | undefined {
  if (value.length > EVENT_BYTES_MAX) return undefined;
  try {
    const parsed = eventSchema.safeParse(JSON.parse(utf8.decode(value)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
