/**
 * Opens a topic for sending: checks within a bounded time that Kafka answers and that the topic is
 * there, with errors that say what to do, then gives the transport which the sender drives.
 */
import { setTimeout as delay } from "node:timers/promises";
import { encodeRecords } from "../../kafka/encode-records.ts";
import { explainKafka, isRefusal, isTransient } from "../../kafka/failure.ts";
import {
  createKafka,
  createProducer,
  type Kafka,
  type Producer,
  sendRecords,
} from "../../kafka/kafkajs.ts";
import type { Config } from "../../lib/config.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Transport } from "./sender.ts";

export interface Connection extends Transport {
  close(): Promise<void>;
}

/** How long one attempt to reach Kafka may take, when it does not even refuse. */
const ATTEMPT_MS_MAX = 15_000;

/** kafkajs waits for answers under way, which may never come. */
const CLOSE_MS_MAX = 2_000;

/**
 * kafkajs starts again at 0 when a partition's sequence reaches 2^31 - 1, which is not where Kafka
 * does, and the broker then refuses everything. Before that, a new producer starts from 0.
 */
const SEQUENCE_MAX = 2_000_000_000;

/**
 * @throws DeliveryError when Kafka cannot be reached within `waitMs`, or the topic does not exist
 */
export async function connect(
  config: Config,
  topic: string,
  waitMs: number,
  sequenceMax = SEQUENCE_MAX,
): Promise<Connection> {
  const kafka = createKafka(config, { clientId: "produce" });
  const deadlineMs = Date.now() + waitMs;
  for (;;) {
    try {
      const partitionCount = await within(ATTEMPT_MS_MAX, countPartitions(kafka, topic));
      const producer = createProducer(kafka);
      await within(ATTEMPT_MS_MAX, producer.connect());
      return openTopic(kafka, producer, topic, partitionCount, sequenceMax);
    } catch (error) {
      // A topic that is missing may still be created, while there is time to wait.
      const mayPass = error instanceof DeliveryError || (isTransient(error) && !isRefusal(error));
      if (!mayPass || Date.now() >= deadlineMs) throw explained(error, config);
    }
    await delay(500 + Math.random() * 500);
  }
}

async function countPartitions(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    if (!(await admin.listTopics()).includes(topic)) {
      throw new DeliveryError(
        `Cannot send to the topic ${topic}: it does not exist; create it with \`bun run migrate\`, or name another with KAFKA_TOPIC or --topic`,
      );
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  } finally {
    await admin.disconnect();
  }
}

function openTopic(
  kafka: Kafka,
  first: Producer,
  topic: string,
  partitionCount: number,
  sequenceMax: number,
): Connection {
  const producers = [first];
  const lanes = Array.from({ length: partitionCount }, () => ({ producer: first, sequence: 0 }));
  return {
    partitionCount,
    async send(partition, messages) {
      const lane = lanes[partition]!;
      if (lane.sequence + messages.length > sequenceMax) {
        const producer = createProducer(kafka);
        await producer.connect();
        producers.push(producer);
        lanes[partition] = { producer, sequence: 0 };
        return this.send(partition, messages);
      }
      await sendRecords(lane.producer, {
        topic,
        partition,
        recordCount: messages.length,
        records: encodeRecords(messages),
      });
      lane.sequence += messages.length;
    },
    async close() {
      await within(CLOSE_MS_MAX, Promise.all(producers.map((producer) => producer.disconnect())));
    },
  };
}

/** Rejects when the work takes longer; the work itself cannot be called off and ends by itself. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = delay(limitMs, undefined, { signal: timer.signal }).then(() => {
    throw Object.assign(new Error(`no answer within ${limitMs / 1_000} s`), {
      name: "KafkaJSRequestTimeoutError",
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
    work.catch(() => {});
  }
}

function explained(error: unknown, config: Config): DeliveryError {
  if (error instanceof DeliveryError) return error;
  return new DeliveryError(explainKafka(config, error), { cause: error });
}
