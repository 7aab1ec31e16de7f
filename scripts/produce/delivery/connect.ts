/**
 * Opens a topic for sending: checks within a bounded time that Kafka answers and has the topic.
 * Errors say what to do. Returns the transport that the sender uses.
 */
import { encodeRecords } from "../../kafka/encode-records.ts";
import { answerWithin, OutageError, TopicMissingError } from "../../kafka/failure.ts";
import type { AppenderOptions } from "../../kafka/log.ts";
import { openKafka } from "../../kafka/open.ts";
import type { Config } from "../../lib/config.ts";
import { retry } from "../../lib/wait.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Transport } from "./sender.ts";

export interface Connection extends Transport {
  close(): Promise<void>;
}

/** The longest time for one attempt to reach Kafka, for a broker that does not even refuse. */
const ATTEMPT_MS_MAX = 15_000;

/**
 * @throws DeliveryError when Kafka cannot be reached within `waitMs`, refuses, or lacks the topic
 */
export async function connect(
  config: Config,
  topic: string,
  waitMs: number,
  options?: AppenderOptions,
): Promise<Connection> {
  const kafka = openKafka(config, { clientId: "produce" });
  const open = () => answerWithin(config, ATTEMPT_MS_MAX, kafka.openAppender(topic, options));
  try {
    const appender = await retry(open, {
      // A topic that is missing may still be created, while there is time to wait.
      isRetryable: (error) => error instanceof OutageError || error instanceof TopicMissingError,
      totalMsMax: waitMs,
      firstMs: 1_000,
      msMax: 1_000,
    });
    return {
      partitionCount: appender.partitionCount,
      send: (partition, messages) =>
        appender.append(partition, {
          recordCount: messages.length,
          records: encodeRecords(messages),
        }),
      close: () => appender.close(),
    };
  } catch (error) {
    throw new DeliveryError(explain(topic, error as Error), { cause: error });
  }
}

const explain = (topic: string, error: Error) =>
  error instanceof TopicMissingError
    ? `Cannot send to the topic ${topic}: it does not exist; create it with \`bun run migrate\`, or name another with KAFKA_TOPIC or --topic`
    : error.message;
