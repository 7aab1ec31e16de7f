/**
 * Completes the index of a partition that was added: with the ids of its users that stand in the
 * partitions which held them before. Their offsets are below 0 here, so that all of them come before
 * the partition's own records.
 */
import { EventFields } from "../../schema/layout.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { readLog } from "../kafka/read-log.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { Skip } from "../kafka/unpack.ts";
import { type Inherited, type Neighbour, retractsFrom } from "../ledger/duplicate-rules.ts";
import { decodeEvent } from "./decode-event.ts";
import { homeOf } from "./homes.ts";
import type { HorizonIndex } from "./horizon/horizon-index.ts";
import { IdBatch } from "./horizon/id-batch.ts";
import { always, momentsOf } from "./moments.ts";
import { originIdOf } from "./origin.ts";

/** More offsets than a partition has. */
const STEP = 2 ** 50;

/** Offset 0 of the partition that stands at this place in `Inherited`. */
const baseOf = (place: number) => -(place + 1) * STEP;

/** Where the index of a partition begins. */
export const beginOf = (inherits: Inherited, logStart: number) =>
  inherits.length === 0 ? logStart : baseOf(inherits.length - 1);

export interface InheritOptions {
  kafka: Kafka;
  topic: string;
  /** The partition that was added. */
  partition: number;
  log: ReadonlyMap<number, LogState>;
  /** By which rules the other partitions were counted. */
  ledgers: readonly Neighbour[];
  /** What a person has passed over, by partition. */
  skips: ReadonlyMap<number, readonly Skip[]>;
}

/**
 * @throws OutageError when Kafka is away for more than a minute, UnreadableBatchError for a batch that
 * nobody has passed over, and errors of the index
 */
export async function inherit(
  index: HorizonIndex,
  inherits: Inherited,
  { kafka, topic, partition, log, ledgers, skips }: InheritOptions,
): Promise<void> {
  const ids = new IdBatch();
  const cursor = new RecordCursor();
  const event = new EventFields();
  // The oldest stands last.
  for (let place = inherits.length - 1; place >= 0; place--) {
    const { partition: parent, below, partitions } = inherits[place] as Inherited[number];
    const base = baseOf(place);
    const ledger = ledgers.find((other) => other.partition === parent);
    const momentCounts = ledger ? momentsOf(ledger.rules) : always;
    const retractsAt = ledger ? retractsFrom(ledger.rules) : 0;
    if (index.validTo >= base + below) continue;
    const from = Math.max(log.get(parent)?.logStart ?? 0, index.validTo - base, 0);
    const readBatch = async (_: number, batch: RecordBatch) => {
      cursor.open(batch);
      ids.count = 0;
      const decide = () => {
        index.decide(ids, batch.appendTimestampMs);
        ids.count = 0;
      };
      while (cursor.next()) {
        const { bytes, offset, timestampMs, valueStart, valueLength } = cursor;
        if (offset < from || offset >= below) continue;
        const decoded = decodeEvent(bytes, valueStart, valueLength, event);
        const retracts = decoded === "retraction";
        if (decoded !== undefined && !retracts) continue;
        // The id decides what a retraction takes back, whatever user it names.
        const concerns = retracts
          ? offset >= retractsAt
          : momentCounts(offset, event.createdAtMs, timestampMs) &&
            homeOf(event.userId, partitions) === partition;
        if (!concerns) continue;
        const origin = retracts ? originIdOf(cursor) : undefined;
        if (!ids.hasRoom(base + offset, retracts, origin)) decide();
        const { id0, id1, id2, id3 } = event;
        ids.add(base + offset, id0, id1, id2, id3, retracts, origin);
      }
      decide();
      await index.caughtUp();
    };
    await readLog(kafka, topic, new Map([[parent, { from, to: below }]]), readBatch, { skips });
    index.passed(base + below);
  }
  await index.flush();
}
