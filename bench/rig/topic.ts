/** Makes a topic as `migrate` does, fills it as our producer does, only from batches made before. */
import {
  createKafka,
  createProducer,
  type Kafka,
  sendRecords,
} from "../../scripts/kafka/kafkajs.ts";
import { ensureTopic } from "../../scripts/migrate/topic.ts";
import type { Dataset } from "./dataset.ts";
import type { Stack } from "./stack.ts";

export interface Topic {
  name: string;
  kafka: Kafka;
  /** Appends every event of the dataset; the same dataset may be appended again and again. */
  append(dataset: Dataset): Promise<void>;
  delete(): Promise<void>;
}

export async function makeTopic(stack: Stack, name: string): Promise<Topic> {
  const kafka = createKafka(stack.config, { clientId: "bench" });
  await ensureTopic({ ...stack.config, KAFKA_TOPIC: name });
  const producer = createProducer(kafka);
  await producer.connect();
  return {
    name,
    kafka,
    async append({ batches }) {
      await Promise.all(
        batches.map(async (lane, partition) => {
          for (const batch of lane)
            await sendRecords(producer, { topic: name, partition, ...batch });
        }),
      );
    },
    async delete() {
      await producer.disconnect();
      const admin = kafka.admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [name] });
      await admin.disconnect();
    },
  };
}
