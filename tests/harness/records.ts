/** Puts any records into the topic, also ones that no producer of events would send. */
import { type AnyRecord, encodeAnyRecords } from "../../scripts/kafka/encode-records.ts";
import { openKafka } from "../../scripts/kafka/open.ts";
import { partitionOf } from "../../scripts/kafka/partition.ts";
import type { Config } from "../../scripts/lib/config.ts";

/** Each record goes to `partition`, or to the partition of its key. */
export async function sendRecords(
  config: Config,
  records: readonly (AnyRecord & { key: string; partition?: number })[],
): Promise<void> {
  const appender = await openKafka(config, { clientId: "test" }).openAppender(config.KAFKA_TOPIC);
  const byPartition = Map.groupBy(
    records,
    ({ key, partition }) => partition ?? partitionOf(key, appender.partitionCount),
  );
  for (const [partition, batch] of byPartition) {
    await appender.append(partition, encodeAnyRecords(batch));
  }
  await appender.close();
}
