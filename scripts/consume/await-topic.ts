/** Before the first record: Kafka answers, accepts the consumer, and has the topic. */
import { answerWithin, OutageError } from "../kafka/failure.ts";
import { openKafka } from "../kafka/open.ts";
import type { Config } from "../lib/config.ts";
import { retry } from "../lib/wait.ts";
import type { Outages } from "./outage.ts";

const KAFKA_MS_MAX = 60_000;
const ATTEMPT_MS_MAX = 15_000;

/**
 * Waits up to a minute for a Kafka that is down, or until `signal`.
 * @throws OutageError, RefusedError, TopicMissingError
 */
export async function awaitTopic(
  config: Config,
  outages: Outages,
  signal: AbortSignal,
): Promise<void> {
  const kafka = openKafka(config, { clientId: "consumer" });
  const topic = config.KAFKA_TOPIC;
  const startMs = performance.now();
  const ask = () => answerWithin(config, ATTEMPT_MS_MAX, kafka.logState(topic));
  await retry(() => outages.watch("kafka", ask), {
    isRetryable: (error) =>
      error instanceof OutageError && performance.now() - startMs < KAFKA_MS_MAX,
    signal,
  });
}
