/**
 * Opens a topic for sending: waits for a Kafka that is away, and checks that it has the topic. Errors
 * say what to do. Returns the transport that the sender uses.
 */
import { encodeRecords } from "../../kafka/encode-records.ts";
import {
  answerWithin,
  OutageError,
  TopicMissingError,
  UNKNOWN_TOPIC_MS_MAX,
} from "../../kafka/failure.ts";
import type { AppenderOptions } from "../../kafka/log.ts";
import { openKafka } from "../../kafka/open.ts";
import type { Config } from "../../lib/config.ts";
import type { Dependency } from "../../lib/dependency.ts";
import { retry } from "../../lib/wait.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Transport } from "./sender.ts";

export interface Connection extends Transport {
  close(): Promise<void>;
}

/** The longest time for one attempt to reach Kafka, for a broker that does not even refuse. */
const ATTEMPT_MS_MAX = 15_000;

export interface ConnectOptions extends AppenderOptions {
  /** How long a Kafka that is away is waited for, in milliseconds. */
  waitMs: number;
}

/**
 * @throws DeliveryError when Kafka cannot be reached in time, refuses, or lacks the topic
 */
export async function connect(
  config: Config,
  topic: string,
  dependency: Dependency,
  { waitMs, ...options }: ConnectOptions,
): Promise<Connection> {
  const kafka = openKafka(config, { clientId: "produce" });
  const open = async () => {
    const opening = kafka.openAppender(topic, options);
    try {
      return await answerWithin(config, ATTEMPT_MS_MAX, opening);
    } catch (error) {
      // The attempt goes on; what it opens too late is closed.
      opening.then((late) => late.close()).catch(() => {});
      throw error;
    }
  };
  const startMs = performance.now();
  const mayBeUnknownYet = () => performance.now() - startMs < UNKNOWN_TOPIC_MS_MAX;
  try {
    const appender = await retry(() => dependency.watch(open), {
      isRetryable: (error) =>
        error instanceof OutageError || (error instanceof TopicMissingError && mayBeUnknownYet()),
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
    throw new DeliveryError(explain(topic, waitMs, error as Error), { cause: error });
  }
}

function explain(topic: string, waitMs: number, error: Error): string {
  if (error instanceof TopicMissingError) {
    return `Cannot send to the topic ${topic}: it does not exist; create it with \`bun run migrate\`, or name another with KAFKA_TOPIC or --topic`;
  }
  return error instanceof OutageError && waitMs > 0
    ? `Cannot send any event within the ${waitMs / 1_000} s of --wait: ${error.message}`
    : error.message;
}
