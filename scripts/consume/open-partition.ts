/**
 * Opens a partition at its counted offset, and decides what happens when the log no longer reaches
 * back to it. Called at each assignment.
 */
import type { LogState } from "../kafka/log.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { claimPartition } from "./claim.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { PartitionReader, windowStart } from "./partition-reader.ts";
import type { PartitionKey } from "./store.ts";

export interface OpenOptions {
  config: Config;
  sql: Sql;
  metrics: ConsumerMetrics;
}

/**
 * Claims the partition and returns its reader, which starts at the beginning of the window of
 * duplicates.
 * @throws NeedsPersonError when only a person can decide how to continue
 */
export async function openPartition(
  { config, sql, metrics }: OpenOptions,
  key: PartitionKey,
  log: LogState,
  seed: number,
): Promise<PartitionReader> {
  const claim = await claimPartition(sql, key, log, config.DUPLICATE_WINDOW_RECORDS);
  const reader = new PartitionReader({
    readFrom: windowStart(claim.nextOffset, claim.windowRecords, log.logStart),
    countFrom: claim.nextOffset,
    windowRecords: claim.windowRecords,
    seed,
  });
  if (log.logStart > claim.nextOffset) {
    acceptLoss({ config, metrics }, key, reader, log.logStart);
  }
  return reader;
}

/**
 * Retention has overtaken the consumer. The events are gone for good, and that must be visible.
 * @throws NeedsPersonError unless the setting accepts the loss
 */
export function acceptLoss(
  { config, metrics }: Omit<OpenOptions, "sql">,
  { topic, partition }: PartitionKey,
  reader: PartitionReader,
  logStart: number,
): void {
  const from = Math.max(reader.position, reader.countFrom);
  const range = `offsets ${from} to ${logStart - 1} of ${topic}/${partition}`;
  if (config.CONSUMER_LOST_RECORDS === "stop") {
    throw new NeedsPersonError(
      `Cannot count ${range}: the log has deleted them unread; to go on without them, and have verify report them as lost, set CONSUMER_LOST_RECORDS=accept`,
    );
  }
  metrics.lost.inc(logStart - from);
  getLogger(["consume"]).error("Records were deleted unread and are counted as lost", { range });
  reader.loseTo(logStart);
}
