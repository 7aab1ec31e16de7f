/**
 * Reads one fetch into the tally of its partition, in slices of a few milliseconds. Transactions,
 * heartbeats and other partitions get their turn between the slices.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Fetch } from "../kafka/log.ts";
import type { PackedBatch } from "../kafka/record-set.ts";
import { UnreadableBatchError, unpacked } from "../kafka/unpack.ts";
import { deadline } from "../lib/wait.ts";
import type { PartitionWriter } from "./partition-writer.ts";

/** How long one slice may hold the thread, give or take a record batch. */
const SLICE_MS = 10;
/** The interval of heartbeats while a member waits for the database. */
const HEARTBEAT_MS = 500;

export interface IngestOptions {
  isStopping(): boolean;
  /**
   * Called when the fetch begins beyond the current place: the log no longer holds the requested
   * offset, and the fetch began at its start. The records from the reader's place on come next.
   */
  onGap(): Promise<void>;
  /**
   * Called instead of reading when the fetch ends before the current place. The log may end there
   * now, so that the client has begun again at its start.
   */
  onBehind(): void;
  /** Called when the records from the reader's place on are wanted instead. */
  onMoved(): void;
  /** Called at a batch that cannot be read: everything before it is read, and nothing of it. */
  onUnreadable(error: UnreadableBatchError): void;
}

/** @throws the reader's error for a broken index; the writer is closed then */
export async function ingest(
  fetch: Fetch,
  writer: PartitionWriter,
  { isStopping, onGap, onBehind, onMoved, onUnreadable }: IngestOptions,
): Promise<void> {
  const isOver = () => isStopping() || writer.isClosed || fetch.isStale();
  await untilRoom(fetch, writer, isStopping);
  if (isOver()) return;
  const { reader } = writer;
  if (reader.isChecking) {
    await guarded(writer, () => check(fetch.batches, writer, isOver));
    if (!isOver()) onMoved();
    return;
  }
  if (fetch.nextOffset < reader.position) return onBehind();
  if (fetch.fetchedOffset > reader.position) {
    await onGap();
    if (isOver()) return;
    writer.schedule();
    onMoved();
    return;
  }
  try {
    if (!(await read(fetch, writer, { isStopping, isOver }))) return;
  } catch (error) {
    if (!(error instanceof UnreadableBatchError)) throw error;
    if (isOver()) return;
    writer.schedule();
    onUnreadable(error);
    return;
  }
  writer.backlog = fetch.logEnd - reader.position;
  writer.schedule();
  await fetch.heartbeat();
}

/** Keeps the membership while the database has not taken what was read. */
async function untilRoom(
  fetch: Fetch,
  writer: PartitionWriter,
  isStopping: () => boolean,
): Promise<void> {
  while (writer.isFull && !writer.isClosed && !isStopping()) {
    await deadline(writer.room(), HEARTBEAT_MS).catch(() => {});
    await fetch.heartbeat();
  }
}

/** Compares the record where the index of ids ends. */
async function check(
  batches: readonly PackedBatch[],
  { reader }: PartitionWriter,
  isOver: () => boolean,
): Promise<void> {
  const packed = batches.find(({ lastOffset }) => lastOffset >= reader.position);
  if (!packed) return reader.check(undefined);
  try {
    await unpacked(packed, reader.skips, (batch) => {
      if (!isOver()) reader.check(batch);
    });
  } catch (error) {
    if (!(error instanceof UnreadableBatchError)) throw error;
    if (!isOver()) reader.check(undefined);
  }
}

/**
 * Returns whether every record batch was read.
 * @throws UnreadableBatchError for the first that cannot be read
 */
async function read(
  fetch: Fetch,
  writer: PartitionWriter,
  { isStopping, isOver }: { isStopping: () => boolean; isOver: () => boolean },
): Promise<boolean> {
  const { reader } = writer;
  let turnAtMs = performance.now();
  for (const packed of fetch.batches) {
    if (packed.lastOffset < reader.position) continue;
    const isRead = await unpacked(packed, reader.skips, async (batch) => {
      // The writer may have been closed while the batch was unpacked, and its index with it.
      if (isOver()) return false;
      let isWhole = false;
      while (!isWhole) {
        await guarded(writer, async () => {
          isWhole = reader.read(batch);
          const behind = reader.caughtUp();
          if (behind) await behind;
        });
        if (isWhole) break;
        writer.schedule();
        await untilRoom(fetch, writer, isStopping);
        if (isOver()) return false;
      }
      return true;
    });
    if (!isRead) return false;
    if (performance.now() - turnAtMs < SLICE_MS) continue;
    writer.backlog = fetch.logEnd - reader.position;
    writer.schedule();
    await nextTurn();
    if (isOver()) return false;
    turnAtMs = performance.now();
  }
  return true;
}

/** What was read before the error must not be stored: it is not known how far that went. */
async function guarded(writer: PartitionWriter, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    writer.close();
    throw error;
  }
}
