/** Kafka: one node that is broker and controller at once. */
import { awaitRoom } from "../scripts/host/await-room.ts";
import { perSecond, rate } from "../scripts/host/facts.ts";
import { archiveJob } from "../scripts/host/java-archive.ts";
import type { Service } from "../scripts/host/service.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { answersKafka } from "../scripts/kafka/probe.ts";
import type { Config } from "../scripts/lib/config.ts";
import { isKafkaHere } from "../scripts/lib/local-data.ts";
import { sum } from "../scripts/lib/sum.ts";
import { topicDifferences } from "../scripts/migrate/topic.ts";
import { KAFKA } from "./install.ts";
import { launchKafka } from "./start.ts";

export const kafka: Service = {
  name: "kafka",
  title: "the log of all events",
  folder: "kafka",
  needs: [],
  ports: ["KAFKA_PORT", "KAFKA_CONTROLLER_PORT"],
  programs: [
    {
      name: "kafka",
      async launch(config) {
        await awaitRoom(config, "kafka");
        return launchKafka(config);
      },
      // The broker needs no login.
      secrets: [],
      stopSecondsMax: 60,
      memory: { megabytesMax: 704, growsWith: "KAFKA_HEAP_MB" },
    },
  ],
  runtimes: [KAFKA],
  data: "kafka",
  dataBytes: 150_000_000,
  elsewhere: (config) => (isKafkaHere(config) ? undefined : "KAFKA_BROKERS"),
  address: (config) => config.KAFKA_BROKERS.join(","),
  probe: answersKafka,
  facts: kafkaFacts,
  readyMsMax: 120_000,
  job: archiveJob(KAFKA),
};

async function kafkaFacts(config: Config): Promise<string> {
  const [perSecondIn, differences] = await Promise.all([
    perSecond(() => recordsIn(config)),
    topicDifferences(config),
  ]);
  const comeIn = `${rate(perSecondIn)} come in`;
  return differences.length === 0
    ? comeIn
    : `${comeIn}; the topic differs from the settings, as \`bun run migrate\` shows`;
}

/** Records that were ever appended to the topic. */
async function recordsIn(config: Config): Promise<number> {
  const kafka = openKafka(config, { clientId: "status" });
  const partitions = [...(await kafka.logState(config.KAFKA_TOPIC)).values()];
  return sum(partitions.map(({ logEnd }) => logEnd));
}
