/** Before the first record: Kafka answers, accepts the consumer, and has a topic that keeps records. */
import { isCompacted } from "../kafka/compaction.ts";
import { answerWithin, TopicMissingError } from "../kafka/failure.ts";
import { openKafka } from "../kafka/open.ts";
import { countedTopicId, topicGone } from "../ledger/same-log.ts";
import type { Config } from "../lib/config.ts";
import type { Dependency } from "../lib/dependency.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import type { Sql } from "../lib/postgres.ts";
import { retry } from "../lib/wait.ts";

const KAFKA_MS_MAX = 60_000;
const ATTEMPT_MS_MAX = 15_000;

/**
 * Waits up to a minute for a Kafka that is down, or until `signal`.
 * @throws OutageError, RefusedError, TopicMissingError, NeedsPersonError when the topic is compacted,
 * or was counted and is missing
 */
export async function awaitTopic(
  config: Config,
  sql: Sql,
  dependency: Dependency,
  signal: AbortSignal,
): Promise<void> {
  const kafka = openKafka(config, { clientId: "consumer" });
  const topic = config.KAFKA_TOPIC;
  const ask = async () => {
    await answerWithin(config, ATTEMPT_MS_MAX, kafka.logState(topic));
    return await answerWithin(config, ATTEMPT_MS_MAX, isCompacted(kafka, topic));
  };
  const compacted = await retry(() => dependency.watch(ask), {
    isRetryable: (error) => dependency.isOutage(error),
    totalMsMax: KAFKA_MS_MAX,
    signal,
  }).catch(async (error) => {
    if (!(error instanceof TopicMissingError)) throw error;
    const counted = await countedTopicId(sql, topic);
    throw counted === undefined ? error : topicGone(config, topic, counted);
  });
  if (!compacted) return;
  throw new NeedsPersonError(
    `Cannot count ${topic}: it is compacted, so its log forgets events before or after they are counted; \`bun run migrate --only topic\` says how to end that`,
  );
}
