/** Reads from a topic when each of its events happened. */
import { EventFields } from "../../schema/layout.ts";
import { decodeEvent } from "../../scripts/consume/decode-event.ts";
import type { LogState } from "../../scripts/kafka/log.ts";
import { readLog } from "../../scripts/kafka/read-log.ts";
import { RecordCursor } from "../../scripts/kafka/record-cursor.ts";
import type { Topic } from "./topic.ts";
import type { SentEvent } from "./watch.ts";

/** The events of the topic from these offsets on, in the order in which they happened. */
export async function readEventTimes(
  topic: Topic,
  from: ReadonlyMap<number, LogState>,
): Promise<SentEvent[]> {
  const state = await topic.kafka.logState(topic.name);
  const ranges = [...state].map(
    ([partition, { logEnd: to }]) =>
      [partition, { from: from.get(partition)?.logEnd ?? 0, to }] as const,
  );
  const events: SentEvent[] = [];
  const cursor = new RecordCursor();
  const fields = new EventFields();
  await readLog(topic.kafka, topic.name, new Map(ranges), (partition, batch) => {
    cursor.open(batch);
    while (cursor.next()) {
      decodeEvent(cursor.bytes, cursor.valueStart, cursor.valueLength, fields);
      const { createdAtMs } = fields;
      events.push({ partition, offset: cursor.offset, createdAtMs, rank: 0 });
    }
  });
  events.sort((a, b) => a.createdAtMs - b.createdAtMs);
  for (const [rank, event] of events.entries()) event.rank = rank;
  return events;
}
