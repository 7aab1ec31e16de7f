/**
 * Log → tables, record by record: reads the log again with the simplest code, JSON.parse and the
 * schema, and compares its counts with the ledger. This file shares no code with the consumer's fast
 * path, so that a fault there cannot hide here.
 */
import {
  EVENT_BYTES_MAX,
  type Event,
  eventSchema,
  type Retraction,
  retractionSchema,
} from "../../schema/event.ts";
import { originOf } from "../consume/origin.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { partitionOf } from "../kafka/partition.ts";
import { type Range, readLog } from "../kafka/read-log.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { Skip } from "../kafka/unpack.ts";
import { type DuplicateRule, inheritedBy, ruleAt } from "../ledger/duplicate-rules.ts";
import { isLogWhole, type PartitionLedger } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Sql } from "../lib/postgres.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";
import { IdBuckets, type IdRecord } from "./id-buckets.ts";

type Count = Pick<
  PartitionLedger,
  "stored" | "duplicates" | "rejected" | "retractions" | "retracted" | "absent" | "lost"
>;

/** Counts what the log still holds of the counted range of each partition. */
export async function recount(
  kafka: Kafka,
  sql: Sql,
  topic: string,
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): Promise<HopResult> {
  const counters = new Map(ledgers.map((ledger) => [ledger.partition, new PlainCounter(ledger)]));
  const incomplete = ledgers.filter((ledger) => !isLogWhole(ledger, log));
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
        for (const partition of places.keys()) counters.get(partition)?.decide(places);
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
    this.count = {
      ...{ stored: 0, duplicates: 0, rejected: 0, absent: 0, lost },
      ...{ retractions: 0, retracted: 0 },
    };
  }

  add(cursor: RecordCursor, appendMs: number | undefined, buckets: IdBuckets): void {
    const { bytes, offset, timestampMs, valueStart, valueLength } = cursor;
    const { partition, firstOffset, nextOffset, rules } = this.#ledger;
    if (offset < firstOffset || offset >= nextOffset) return;
    this.count.lost -= 1;
    const rule = ruleAt(rules, offset);
    const read = recordOf(bytes.subarray(valueStart, valueStart + Math.max(0, valueLength)));
    if (read === undefined || !counts(read, timestampMs, rule)) {
      this.count.rejected += 1;
      return;
    }
    // A misplaced record counts in its home alone.
    if (!isHome(read.user_id, partition, rule.partitions)) {
      this.count.duplicates += 1;
      return;
    }
    const retracts = "retract" in read;
    const origin = retracts ? originOf(cursor) : undefined;
    if (retracts) this.count.retractions += 1;
    this.#appendMs = Math.max(this.#appendMs, appendMs ?? -1);
    buckets.add({
      partition,
      offset,
      id: (retracts ? read.retract : read.event_id).toLowerCase().replaceAll("-", ""),
      userId: read.user_id,
      retracts,
      originPartition: origin?.partition ?? -1,
      originOffset: origin?.offset ?? -1,
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

  /** Decides the records with one id, which stand in these partitions. */
  decide(places: ReadonlyMap<number, IdRecord[]>): void {
    const { partition, rules } = this.#ledger;
    const inherited = inheritedBy(rules.at(-1))
      .toReversed()
      .flatMap((from) =>
        (places.get(from.partition) ?? []).filter(
          ({ offset, userId, retracts }) =>
            offset < from.below && (retracts || isHome(userId, partition, from.partitions)),
        ),
      );
    const sentHome = new Map<string, IdRecord>();
    let newest: IdRecord | undefined;
    for (const record of [...inherited, ...(places.get(partition) ?? [])]) {
      const isOwn = record.partition === partition;
      const rule = ruleAt(rules, isOwn ? record.offset : 0);
      const stands = newest !== undefined && !newest.retracts && isWithin(rule, record, newest);
      const origin = `${record.originPartition}:${record.originOffset}`;
      const before = record.originOffset < 0 ? undefined : sentHome.get(origin);
      const isRepeat = before !== undefined && isWithin(rule, record, before);
      sentHome.set(origin, record);
      if (!isRepeat) newest = record;
      if (!isOwn) continue;
      if (record.retracts) this.count.retracted += stands && !isRepeat ? 1 : 0;
      else if (stands) this.count.duplicates += 1;
      else this.count.stored += 1;
    }
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

/**
 * Whether the rule knows retractions, or the event happened when it allows that, in a log that was
 * written at `logMs`.
 */
function counts(read: Event | Retraction, logMs: number, rule: DuplicateRule): boolean {
  if ("retract" in read) return "retracts" in rule;
  const { aheadMsMax } = rule;
  if (aheadMsMax === undefined) return true;
  const createdAtMs = Date.parse(read.created_at);
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

/** Undefined when the value is neither an event nor a retraction. */
function recordOf(value: Uint8Array): Event | Retraction | undefined {
  if (value.length > EVENT_BYTES_MAX) return undefined;
  try {
    const json = JSON.parse(utf8.decode(value));
    return eventSchema.safeParse(json).data ?? retractionOf(json);
  } catch {
    return undefined;
  }
}

/** What names an event_id is judged as an event alone. */
const retractionOf = (json: object): Retraction | undefined =>
  "event_id" in json ? undefined : retractionSchema.safeParse(json).data;
