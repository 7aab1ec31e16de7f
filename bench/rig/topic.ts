/** Creates a topic as `migrate` does, and fills it as our producer does, from prepared batches. */
import type { Kafka } from "../../scripts/kafka/log.ts";
import { openKafka } from "../../scripts/kafka/open.ts";
import { ensureTopic } from "../../scripts/migrate/topic.ts";
import type { Dataset } from "./dataset.ts";
import { renewIds } from "./renew-ids.ts";
import type { Stack } from "./stack.ts";

export interface Topic {
  name: string;
  kafka: Kafka;
  /** Appends every event of the dataset; each time as other events, with ids of their own. */
  append(dataset: Dataset): Promise<void>;
  delete(): Promise<void>;
}

/** Over all topics, since contestants of one run may count into the same tables. */
let rounds = 0;

export async function makeTopic(stack: Stack, name: string): Promise<Topic> {
  const kafka = openKafka(stack.config, { clientId: "bench" });
  await ensureTopic({ ...stack.config, KAFKA_TOPIC: name });
  const appender = await kafka.openAppender(name);
  return {
    name,
    kafka,
    async append({ batches }) {
      rounds += 1;
      await Promise.all(
        batches.map(async (lane, partition) => {
          for (const batch of lane) {
            renewIds(batch, rounds);
            await appender.append(partition, batch);
          }
        }),
      );
    },
    async delete() {
      await appender.close();
      await kafka.topics.delete(name);
    },
  };
}
