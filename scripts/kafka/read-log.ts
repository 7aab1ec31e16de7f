/**
 * Reads a range of each partition once, from the log itself, to prove or rebuild the tables. It
 * joins its own consumer group, removes it afterwards, and moves no other group's offsets.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "./log.ts";
import type { RecordBatch } from "./record-cursor.ts";
import { type Skip, UnreadableBatchError, unpacked } from "./unpack.ts";

/** Offsets from `from` up to, not including, `to`. */
export interface Range {
  from: number;
  to: number;
}

/** A member joins again after an outage; for longer than this, nobody waits for it. */
const AWAY_MS_MAX = 60_000;

export interface ReadOptions {
  /** What a person has passed over, by partition. */
  skips?: ReadonlyMap<number, readonly Skip[]>;
  /** Called for a batch that cannot be read; the rest of its partition is not read then. */
  onUnreadable?(partition: number, error: UnreadableBatchError): void;
}

/**
 * Calls `onBatch` with every record batch that overlaps the ranges, in the order of each partition.
 * The first and the last may reach beyond, and some may be hidden. Resolves when every range has been read.
 * @throws OutageError when Kafka is away for more than a minute, what `onBatch` throws, and
 * UnreadableBatchError unless there is an `onUnreadable`
 */
export async function readLog(
  kafka: Kafka,
  topic: string,
  ranges: ReadonlyMap<number, Range>,
  onBatch: (partition: number, batch: RecordBatch) => void | Promise<void>,
  { skips = new Map(), onUnreadable }: ReadOptions = {},
): Promise<void> {
  const unread = new Map([...ranges].filter(([, { from, to }]) => from < to));
  if (unread.size === 0) return;
  const positions = new Map([...unread].map(([partition, { from }]) => [partition, from]));
  const groupId = `${topic}-reader-${randomUUID()}`;
  const end = Promise.withResolvers<void>();
  let awaySinceMs: number | undefined;
  const moveTo = (partition: number, position: number) => {
    positions.set(partition, position);
    if (position >= (unread.get(partition)?.to ?? 0)) unread.delete(partition);
    if (unread.size === 0) end.resolve();
  };
  const giveUp = (partition: number) => {
    positions.delete(partition);
    unread.delete(partition);
    if (unread.size === 0) end.resolve();
  };
  const member = kafka.member(
    { groupId, topic, sessionTimeoutMs: 30_000 },
    {
      // Called again after a rebalance, which continues where reading was.
      assigned: () => {
        awaySinceMs = undefined;
        for (const [partition, position] of positions) member.fetchFrom(partition, position);
      },
      fetched: async ({ partition, batches, nextOffset, heartbeat }) => {
        if (!unread.has(partition)) return;
        for (const batch of batches) {
          if (batch.lastOffset < (positions.get(partition) as number)) continue;
          try {
            await unpacked(batch, skips.get(partition) ?? [], (content) =>
              onBatch(partition, content),
            );
          } catch (error) {
            if (!(error instanceof UnreadableBatchError && onUnreadable)) throw error;
            onUnreadable(partition, error);
            return giveUp(partition);
          }
          moveTo(partition, batch.lastOffset + 1);
        }
        moveTo(partition, nextOffset);
        await heartbeat();
      },
      away: (error) => {
        awaySinceMs ??= performance.now();
        if (performance.now() - awaySinceMs > AWAY_MS_MAX) end.reject(error);
      },
      ended: end.reject,
    },
  );
  try {
    await Promise.all([member.join(), end.promise]);
  } finally {
    await member.leave();
    // Kafka would remove an empty group, too, only later.
    await kafka.groups.delete(groupId).catch(() => {});
  }
}
