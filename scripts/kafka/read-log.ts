/**
 * Reads a range of each partition once, from the log itself. Used by what proves or rebuilds the
 * tables; the consumer has its own loop. It joins a consumer group of its own, removed afterwards,
 * and moves nobody's offsets.
 */
import { randomUUID } from "node:crypto";
import { createConsumer, type Kafka, recordBatches } from "./kafkajs.ts";
import type { RecordBatch } from "./record-cursor.ts";

/** Offsets from `from` up to, not including, `to`. */
export interface Range {
  from: number;
  to: number;
}

/**
 * Calls `onBatch` with every record batch that overlaps the ranges, in the order of each partition;
 * the first and the last may reach beyond. Resolves when every range has been read.
 */
export async function readLog(
  kafka: Kafka,
  topic: string,
  ranges: ReadonlyMap<number, Range>,
  onBatch: (partition: number, batch: RecordBatch) => void | Promise<void>,
): Promise<void> {
  const unread = new Map([...ranges].filter(([, { from, to }]) => from < to));
  if (unread.size === 0) return;
  const positions = new Map([...unread].map(([partition, { from }]) => [partition, from]));
  const groupId = `${topic}-reader-${randomUUID()}`;
  const consumer = createConsumer(kafka, { groupId, sessionTimeoutMs: 30_000 });
  const end = Promise.withResolvers<void>();
  const { CRASH, END_BATCH_PROCESS, GROUP_JOIN } = consumer.events;
  // Raised before the first fetch, and again after a restart, which must go on where it was.
  consumer.on(GROUP_JOIN, () => {
    for (const [partition, position] of positions) {
      consumer.seek({ topic, partition, offset: String(position) });
    }
  });
  consumer.on(CRASH, ({ payload }) => {
    if (!payload.restart) end.reject(payload.error);
  });
  const moveTo = (partition: number, position: number) => {
    positions.set(partition, position);
    if (position >= (unread.get(partition)?.to ?? 0)) unread.delete(partition);
    if (unread.size === 0) end.resolve();
  };
  // Also raised for batches that hold nothing but markers, which `eachBatch` never sees.
  consumer.on(END_BATCH_PROCESS, ({ payload }) => {
    moveTo(payload.partition, Number(payload.lastOffset) + 1);
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat }) => {
        if (!unread.has(batch.partition)) return;
        for (const encoded of recordBatches(batch.messages)) {
          if (encoded.lastOffset < (positions.get(batch.partition) as number)) continue;
          await onBatch(batch.partition, encoded);
          moveTo(batch.partition, encoded.lastOffset + 1);
        }
        await heartbeat();
      },
    });
    await end.promise;
  } finally {
    await consumer.disconnect();
    await removeGroup(kafka, groupId);
  }
}

async function removeGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.deleteGroups([groupId]);
  } catch {
    // Kafka removes an empty group by itself after a while.
  } finally {
    await admin.disconnect();
  }
}
