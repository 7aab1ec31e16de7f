/** Before the first record: Kafka is there, lets the consumer in, and has the topic. */

import { setTimeout as delay } from "node:timers/promises";
import { explainKafka, isRefusal, isTransient } from "../kafka/failure.ts";
import { createKafka } from "../kafka/kafkajs.ts";
import { fetchLogState, TopicMissingError } from "../kafka/log-state.ts";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { backoffMs } from "../lib/wait.ts";

const KAFKA_MS_MAX = 60_000;

/**
 * Waits for a Kafka that is away, for a minute at most or until `signal`.
 * @throws Error that names the setting or the command which mends it
 */
export async function awaitTopic(config: Config, signal: AbortSignal): Promise<void> {
  const kafka = createKafka(config, { clientId: "consumer" });
  const deadlineMs = performance.now() + KAFKA_MS_MAX;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await fetchLogState(kafka, config.KAFKA_TOPIC);
      return;
    } catch (error) {
      if (error instanceof TopicMissingError) throw error;
      const explanation = explainKafka(config, error);
      if (isRefusal(error) || !isTransient(error) || performance.now() > deadlineMs) {
        throw new Error(explanation, { cause: error });
      }
      if (attempt === 0)
        getLogger(["consume"]).warning("Waiting for Kafka", { error: explanation });
      await delay(backoffMs(attempt), undefined, { signal }).catch(() => {});
    }
  }
}
