/** Makes a topic as a person would with Kafka's own tools. `migrate` makes none that was counted. */
import { openKafka } from "../../scripts/kafka/open.ts";
import type { Config } from "../../scripts/lib/config.ts";
import { until } from "../../scripts/lib/wait.ts";
import { topicSettings } from "../../scripts/migrate/topic.ts";

/** Creates the topic of the settings, once Kafka has let an old one go. */
export function createTopic(config: Config): Promise<void> {
  const { topics } = openKafka(config, { clientId: "test" });
  return until("the topic is created", 60_000, async () => {
    const isMade = await topics.create({
      name: config.KAFKA_TOPIC,
      partitions: config.KAFKA_PARTITIONS,
      replicationFactor: 1,
      settings: topicSettings(config),
    });
    if (!isMade) throw new Error("the old one is still there");
  });
}
