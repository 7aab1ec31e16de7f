/**
 * Reads one fetch into the tally of its partition, in slices of a few milliseconds, so that
 * transactions, heartbeats and other partitions get their turn meanwhile.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Fetch } from "../kafka/log.ts";
import { deadline } from "../lib/wait.ts";
import type { PartitionWriter } from "./partition-writer.ts";

/** How long reading may hold the thread; a record batch more or less does not matter. */
const SLICE_MS = 10;
/** How often the group hears of a member that waits for the database. */
const HEARTBEAT_MS = 500;

export interface IngestOptions {
  isStopping(): boolean;
  /**
   * Called when the fetch begins beyond the place where reading stands: either the client moved over
   * markers, or the log no longer holds what was asked for and the fetch began at its start.
   */
  onGap(): Promise<void>;
}

/** @throws what the reader throws for a batch that is corrupt; the writer is closed then */
export async function ingest(
  fetch: Fetch,
  writer: PartitionWriter,
  { isStopping, onGap }: IngestOptions,
): Promise<void> {
  const isOver = () => isStopping() || writer.isClosed || fetch.isStale();
  while (writer.isFull && !writer.isClosed && !isStopping()) {
    await deadline(writer.room(), HEARTBEAT_MS).catch(() => {});
    await fetch.heartbeat();
  }
  if (isOver()) return;
  const { reader } = writer;
  if (fetch.fetchedOffset > reader.position) {
    await onGap();
    if (isOver()) return;
    reader.skipTo(fetch.fetchedOffset);
  }
  if (!(await read(fetch, writer, isOver))) return;
  reader.skipTo(fetch.nextOffset);
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
    try {
      writer.reader.read(batch);
    } catch (error) {
      // Reading the same bytes again would fail the same way, and skipping them would lose events.
      writer.close();
      throw error;
    }
    if (performance.now() - turnAtMs < SLICE_MS) continue;
    writer.backlog = logEnd - writer.reader.position;
    writer.schedule();
    await nextTurn();
    if (isOver()) return false;
    turnAtMs = performance.now();
  }
  return true;
}
