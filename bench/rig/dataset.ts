/**
 * The events that are drained: uniform users, three types, spread over five minutes. They are
 * encoded once in exactly our producer's layout, and counted here independently of any consumer.
 * Pure but for the moment at which the events begin.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { messageOf } from "../../schema/layout.ts";
import {
  type EncodedRecords,
  encodeRecords,
  type Message,
} from "../../scripts/kafka/encode-records.ts";
import { partitionOf } from "../../scripts/kafka/partition.ts";
import { EventIds } from "../../scripts/produce/synthetic/event-id.ts";
import { RandomStream } from "../../scripts/produce/synthetic/random.ts";

export const PARTITIONS = 4;
const SPREAD_MS = 300_000;
/** The producer puts this many records into one request at full speed. */
const RECORDS_PER_BATCH = 2_000;

export interface Dataset {
  users: number;
  events: number;
  /** The batches of each partition. */
  batches: EncodedRecords[][];
  /** Events of user `u` and type `t` at `(u - 1) * EVENT_TYPES.length + t`. */
  counts: Float64Array;
}

export function makeDataset(users: number, events: number, startMs = Date.now()): Dataset {
  const random = new RandomStream([users, events, 3, 4]);
  const ids = new EventIds(random);
  const counts = new Float64Array(users * EVENT_TYPES.length);
  const batches: EncodedRecords[][] = Array.from({ length: PARTITIONS }, () => []);
  const open: Message[][] = Array.from({ length: PARTITIONS }, () => []);
  const close = (partition: number) => {
    const messages = open[partition] as Message[];
    if (messages.length === 0) return;
    batches[partition]?.push({ recordCount: messages.length, records: encodeRecords(messages) });
    open[partition] = [];
  };
  for (let index = 0; index < events; index++) {
    const timeMs = startMs - SPREAD_MS + Math.floor((index * SPREAD_MS) / events);
    const user = random.below(users);
    const type = random.below(EVENT_TYPES.length);
    (counts[user * EVENT_TYPES.length + type] as number)++;
    const message = messageOf({
      event_id: ids.next(timeMs),
      user_id: user + 1,
      event_type: EVENT_TYPES[type] as (typeof EVENT_TYPES)[number],
      created_at: new Date(timeMs).toISOString(),
    });
    const partition = partitionOf(message.key, PARTITIONS);
    const length = (open[partition] as Message[]).push(message);
    if (length === RECORDS_PER_BATCH) close(partition);
  }
  for (let partition = 0; partition < PARTITIONS; partition++) close(partition);
  return { users, events, batches, counts };
}
