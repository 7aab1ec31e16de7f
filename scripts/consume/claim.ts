/**
 * Claims a partition: reads its place from the database, or creates the row, and stops where only a
 * person can decide. The database alone knows the place. Offsets that the consumer commits to Kafka
 * are for tools that show lag.
 */
import type { LogState } from "../kafka/log.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import type { Sql } from "../lib/postgres.ts";
import type { PartitionKey } from "./store.ts";

export interface Claim {
  nextOffset: number;
  windowRecords: number;
}

/**
 * Returns where counting continues, after creating the row when it is missing.
 * @throws NeedsPersonError when the topic is another one, another group counts it, or the log ends
 * before the counted offsets
 */
export async function claimPartition(
  sql: Sql,
  key: PartitionKey,
  log: LogState,
  windowRecords: number,
): Promise<Claim> {
  const where = `${key.topic}/${key.partition}`;
  const offsets = sql`${sql(key.schema)}.consumer_offsets`;
  const [other] = await sql`
    select group_id, topic from ${offsets}
    where topic <> ${key.topic} or group_id <> ${key.groupId} limit 1`;
  if (other) {
    throw new NeedsPersonError(
      `Cannot count ${where} as group ${key.groupId}: these tables count ${other.topic} for group ${other.group_id}, and nothing could prove sums of both; set KAFKA_TOPIC=${other.topic} and KAFKA_GROUP_ID=${other.group_id}, or another POSTGRES_DB`,
    );
  }
  await sql`
    insert into ${offsets}
      (group_id, topic, partition, topic_id, first_offset, next_offset, duplicate_window_records)
    values (
      ${key.groupId}, ${key.topic}, ${key.partition}, ${log.topicId},
      ${log.logStart}, ${log.logStart}, ${windowRecords}
    )
    on conflict (group_id, topic, partition) do nothing`;
  const [row] = await sql`
    select topic_id, next_offset, duplicate_window_records from ${offsets}
    where group_id = ${key.groupId} and topic = ${key.topic} and partition = ${key.partition}`;
  if (!row) throw new Error(`Cannot claim ${where}: its row in consumer_offsets has vanished`);
  if (row.topic_id !== log.topicId) {
    throw new NeedsPersonError(
      `Cannot go on with ${where}: the topic has been deleted and created again (its id is ${log.topicId}, counted was ${row.topic_id}); count it under another KAFKA_TOPIC, or delete what was counted with \`bun run down --wipe\``,
    );
  }
  if (row.next_offset > log.logEnd) {
    throw new NeedsPersonError(
      `Cannot go on with ${where}: ${row.next_offset} offsets have been counted but the log ends at ${log.logEnd}; the broker has lost records that were acknowledged`,
    );
  }
  return { nextOffset: row.next_offset, windowRecords: row.duplicate_window_records };
}
