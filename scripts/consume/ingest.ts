/**
 * Reads one fetch into the tally of its partition, in slices of a few milliseconds. Transactions,
 * heartbeats and other partitions get their turn between the slices.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Fetch } from "../kafka/log.ts";
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
  /** Called when the records from the reader's place on are wanted instead. */
  onMoved(): void;
}

/** @throws the reader's error for a corrupt batch or a broken index; the writer is closed then */
export async function ingest(
  fetch: Fetch,
  writer: PartitionWriter,
  { isStopping, onGap, onMoved }: IngestOptions,
): Promise<void> {
  const isOver = () => isStopping() || writer.isClosed || fetch.isStale();
  while (writer.isFull && !writer.isClosed && !isStopping()) {
    await deadline(writer.room(), HEARTBEAT_MS).catch(() => {});
    await fetch.heartbeat();
  }
  if (isOver()) return;
  const { reader } = writer;
  if (reader.isChecking) {
    await guarded(writer, async () => reader.check(fetch.batches));
    onMoved();
    return;
  }
  if (fetch.fetchedOffset > reader.position) {
    await onGap();
    if (isOver()) return;
    writer.schedule();
    onMoved();
    return;
  }
  if (!(await read(fetch, writer, isOver))) return;
  writer.backlog = fetch.logEnd - reader.position;
  writer.schedule();
  await fetch.heartbeat();
}

/** Returns whether every record batch was read. */
async function read(
  { batches, logEnd }: Fetch,
  writer: PartitionWriter,
  isOver: () => boolean,
): Promise<boolean> {
  let turnAtMs = performance.now();
  for (const batch of batches) {
    await guarded(writer, async () => {
      writer.reader.read(batch);
      const behind = writer.reader.caughtUp();
      if (behind) await behind;
    });
    if (performance.now() - turnAtMs < SLICE_MS) continue;
    writer.backlog = logEnd - writer.reader.position;
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
