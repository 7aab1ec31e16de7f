/** Creates a topic as `migrate` does, and fills it as our producer does, from prepared batches. */
import type { EncodedRecords } from "../../scripts/kafka/encode-records.ts";
import { OutageError } from "../../scripts/kafka/failure.ts";
import type { Kafka } from "../../scripts/kafka/log.ts";
import { openKafka } from "../../scripts/kafka/open.ts";
import { retry } from "../../scripts/lib/wait.ts";
import { ensureTopic } from "../../scripts/migrate/topic.ts";
import type { Dataset } from "./dataset.ts";
import { renewIds } from "./renew-ids.ts";
import type { Stack } from "./stack.ts";

export interface Topic {
  name: string;
  kafka: Kafka;
  /** Appends every event of the dataset; each time as other events, with ids of their own. */
  append(dataset: Dataset): Promise<void>;
  /** Appends the batches of each partition in order; `prepare` gets each batch just before. */
  send(batches: Dataset["batches"], prepare: PrepareBatch): Promise<void>;
  delete(): Promise<void>;
}

type PrepareBatch = (encoded: EncodedRecords, partition: number, place: number) => void;

/** Kafka may have been killed since the last batch. */
const OUTAGE_MS_MAX = 60_000;

/** Over all topics, since contestants of one run may count into the same tables. */
let rounds = 0;

export async function makeTopic(stack: Stack, name: string): Promise<Topic> {
  const kafka = openKafka(stack.config, { clientId: "bench" });
  await ensureTopic({ ...stack.config, KAFKA_TOPIC: name });
  const appender = await kafka.openAppender(name);
  const send = async (batches: Dataset["batches"], prepare: PrepareBatch) => {
    await Promise.all(
      batches.map(async (lane, partition) => {
        for (const [place, batch] of lane.entries()) {
          prepare(batch, partition, place);
          await retry(() => appender.append(partition, batch), {
            isRetryable: (error) => error instanceof OutageError,
            totalMsMax: OUTAGE_MS_MAX,
          });
        }
      }),
    );
  };
  return {
    name,
    kafka,
    send,
    async append({ batches }) {
      const round = ++rounds;
      await send(batches, (batch) => renewIds(batch, () => round));
    },
    async delete() {
      await appender.close();
      await kafka.topics.delete(name);
    },
  };
}
