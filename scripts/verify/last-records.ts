/**
 * Kafka → consumer: the log still holds the record that each partition counted last. One of an older
 * copy of Kafka's data, which has grown again, does not. Reads that one record of each partition.
 */
import type { Kafka, LogState } from "../kafka/log.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { changedPartitions, type Mark } from "../ledger/mark.ts";
import type { HopResult } from "./hop.ts";

/** The hop, which differs when a partition holds another record than was counted last. */
export async function withLastRecords(
  hop: HopResult,
  kafka: Pick<Kafka, "batchesAt">,
  topic: string,
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): Promise<HopResult> {
  const marks = new Map<number, Mark>();
  for (const { partition, mark, topicId, nextOffset } of ledgers) {
    const state = log.get(partition);
    if (mark && state?.topicId === topicId && nextOffset <= state.logEnd) {
      marks.set(partition, mark);
    }
  }
  const changed = await changedPartitions(kafka, topic, marks, log);
  if (changed.length === 0) return hop;
  const faults = changed.map(
    (partition) =>
      `partition ${partition}: the log holds another record at offset ${marks.get(partition)?.offset} than was counted`,
  );
  return { ...hop, holds: false, remarks: [...faults, ...hop.remarks] };
}
