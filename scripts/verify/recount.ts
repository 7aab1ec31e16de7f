/**
 * Log → tables, record by record: reads the log again with the simplest code, JSON.parse and the
 * schema, and compares its counts with the ledger. This file shares no code with the consumer's fast
 * path, so that a fault there cannot hide here.
 */
import { EVENT_BYTES_MAX, eventSchema } from "../../schema/event.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { readLog } from "../kafka/read-log.ts";
import { RecordCursor } from "../kafka/record-cursor.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";

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
  const cursor = new RecordCursor();
  await readLog(kafka, topic, ranges, (partition, batch) => {
    cursor.open(batch);
    while (cursor.next()) counters.get(partition)?.add(cursor);
  });
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

class PlainCounter {
  readonly count: Count = { stored: 0, duplicates: 0, rejected: 0 };
  readonly #ledger: PartitionLedger;
  readonly #lastOffsets = new Map<string, number>();

  constructor(ledger: PartitionLedger) {
    this.#ledger = ledger;
  }

  add({ bytes, offset, valueStart, valueLength }: RecordCursor): void {
    if (offset < this.#ledger.firstOffset || offset >= this.#ledger.nextOffset) return;
    const id = eventId(bytes.subarray(valueStart, valueStart + Math.max(0, valueLength)));
    if (id === undefined) {
      this.count.rejected += 1;
      return;
    }
    const lastOffset = this.#lastOffsets.get(id);
    if (lastOffset !== undefined && lastOffset >= offset - this.#ledger.windowRecords) {
      this.count.duplicates += 1;
    } else this.count.stored += 1;
    this.#lastOffsets.delete(id);
    this.#lastOffsets.set(id, offset);
    this.#forgetOld(offset);
  }

  equals({ stored, duplicates, rejected }: PartitionLedger): boolean {
    const { count } = this;
    return (
      count.stored === stored && count.duplicates === duplicates && count.rejected === rejected
    );
  }

  /** A Map keeps the order of insertion, so the oldest id comes first. */
  #forgetOld(offset: number): void {
    for (const [id, lastOffset] of this.#lastOffsets) {
      if (lastOffset >= offset - this.#ledger.windowRecords) return;
      this.#lastOffsets.delete(id);
    }
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The event's id in lower case, or undefined when the value is no event. */
function eventId(value: Uint8Array): string | undefined {
  if (value.length > EVENT_BYTES_MAX) return undefined;
  try {
    const parsed = eventSchema.safeParse(JSON.parse(utf8.decode(value)));
    return parsed.success ? parsed.data.event_id.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
