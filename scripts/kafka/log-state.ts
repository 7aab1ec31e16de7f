/** Asks Kafka for the id of the topic and for where each partition's log begins and ends. */
import type { Kafka } from "./kafkajs.ts";
import { fetchTopicId } from "./topic-id.ts";

/** What Kafka says of the partition now. */
export interface LogState {
  topicId: string;
  /** First offset that the log still holds. */
  logStart: number;
  /** Offset that the next record will get. */
  logEnd: number;
}

/**
 * State of each partition of the topic, by partition.
 * @throws Error when there is no such topic
 */
export async function fetchLogState(kafka: Kafka, topic: string): Promise<Map<number, LogState>> {
  const topicId = await fetchTopicId(kafka, topic);
  if (topicId === undefined) throw new TopicMissingError(topic);
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(
      offsets.map(({ partition, low, high }) => [
        partition,
        { topicId, logStart: Number(low), logEnd: Number(high) },
      ]),
    );
  } finally {
    await admin.disconnect();
  }
}

/** The topic is not there; automatic creation is off, because its settings matter. */
export class TopicMissingError extends Error {
  override name = "TopicMissingError";
  constructor(topic: string) {
    super(`Cannot read topic ${topic}: it does not exist; create it with \`bun run migrate\``);
  }
}
