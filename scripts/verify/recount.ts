/**
 * Log → tables, record by record: reads the log again with the simplest code, JSON.parse and the
 * schema, and compares its counts with the ledger. This file shares no code with the consumer's fast
 * path, so that a fault there cannot hide here.
 */
import { EVENT_BYTES_MAX, type Event, eventSchema } from "../../schema/event.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { partitionOf } from "../kafka/partition.ts";
import { type Range, readLog } from "../kafka/read-log.ts";
import { RecordCursor } from "../kafka/record-cursor.ts";
import { type DuplicateRule, ruleAt } from "../ledger/duplicate-rules.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";
import { IdBuckets, type IdRecord } from "./id-buckets.ts";

type Count = Pick<PartitionLedger, "stored" | "duplicates" | "rejected">;

/** Counts what the log still holds of the counted range of each partition. */
export async function recount(
  kafka: Kafka,
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
  await countLog(kafka, topic, ranges, counters);
  const complete = ledgers.filter((ledger) => ranges.has(ledger.partition));
  const differing = complete.filter((ledger) => !counters.get(ledger.partition)?.equals(ledger));
  const stored = sum(complete.map(({ partition }) => counters.get(partition)?.count.stored ?? 0));
  const expected = sum(complete.map(({ stored }) => stored));
  return {
    hop: "log → tables, read again",
    equation: `${stored} events in the log = ${expected} stored`,
    holds: differing.length === 0,
    numbers: { stored, expected },
    remarks: [
      ...differing.map(
        ({ partition }) =>
          `partition ${partition} reads as ${JSON.stringify(counters.get(partition)?.count)}`,
      ),
      ...incomplete.map(
        ({ partition }) =>
          `partition ${partition} not read: retention has deleted records that were counted`,
      ),
    ],
  };
}

async function countLog(
  kafka: Kafka,
  topic: string,
  ranges: ReadonlyMap<number, Range>,
  counters: ReadonlyMap<number, PlainCounter>,
): Promise<void> {
  const cursor = new RecordCursor();
  const buckets = new IdBuckets();
  try {
    await readLog(kafka, topic, ranges, (partition, batch) => {
      const counter = counters.get(partition) as PlainCounter;
      cursor.open(batch);
      while (cursor.next()) counter.add(cursor, batch.appendTimestampMs, buckets);
    });
    buckets.forEachBucket((records) => {
      const latest = new Map<string, IdRecord>();
      for (const record of records) {
        const key = `${record.id}/${record.partition}`;
        counters.get(record.partition)?.decide(record, latest.get(key));
        latest.set(key, record);
      }
    });
  } finally {
    buckets.close();
  }
}

class PlainCounter {
  readonly count: Count = { stored: 0, duplicates: 0, rejected: 0 };
  readonly #ledger: PartitionLedger;
  #appendMs = -1;

  constructor(ledger: PartitionLedger) {
    this.#ledger = ledger;
  }

  add(
    { bytes, offset, valueStart, valueLength }: RecordCursor,
    appendMs: number | undefined,
    buckets: IdBuckets,
  ): void {
    const { partition, firstOffset, nextOffset, rules } = this.#ledger;
    if (offset < firstOffset || offset >= nextOffset) return;
    const event = eventOf(bytes.subarray(valueStart, valueStart + Math.max(0, valueLength)));
    if (event === undefined) {
      this.count.rejected += 1;
      return;
    }
    this.#appendMs = Math.max(this.#appendMs, appendMs ?? -1);
    const { partitions = 1 } = ruleAt(rules, offset);
    buckets.add({
      partition,
      offset,
      id: event.event_id.toLowerCase().replaceAll("-", ""),
      isStray: partitions > 1 && partitionOf(String(event.user_id), partitions) !== partition,
      appendMs: this.#appendMs,
    });
  }

  /** @param earlier the last record before this one with the same id */
  decide(record: IdRecord, earlier: IdRecord | undefined): void {
    const isDuplicate =
      earlier !== undefined && isWithin(ruleAt(this.#ledger.rules, record.offset), record, earlier);
    if (isDuplicate || record.isStray) this.count.duplicates += 1;
    else this.count.stored += 1;
  }

  equals({ stored, duplicates, rejected }: PartitionLedger): boolean {
    const { count } = this;
    return (
      count.stored === stored && count.duplicates === duplicates && count.rejected === rejected
    );
  }
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
