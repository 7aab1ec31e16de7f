/**
 * Makes Kafka's archive of loaded classes: a scratch broker does what a broker does in its first
 * minute. The supervisor runs this once, in the background.
 */
import { asEnvironment } from "../scripts/host/environment.ts";
import { runFile } from "../scripts/host/folders.ts";
import { freePorts } from "../scripts/host/free-ports.ts";
import { javaArchive, makeArchive } from "../scripts/host/java-archive.ts";
import { encodeRecords } from "../scripts/kafka/encode-records.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { answersKafka } from "../scripts/kafka/probe.ts";
import { type Config, readConfig } from "../scripts/lib/config.ts";
import { deadline } from "../scripts/lib/wait.ts";
import { ensureTopic } from "../scripts/migrate/topic.ts";
import { KAFKA } from "./install.ts";
import { launchKafka } from "./start.ts";

const READ_MS_MAX = 180_000;

const config = readConfig();
const [port, controllerPort] = await freePorts(2);
const scratch = readConfig({
  ...asEnvironment(config),
  STATE_DIR: runFile(config, "archive"),
  KAFKA_PORT: String(port),
  KAFKA_CONTROLLER_PORT: String(controllerPort),
  KAFKA_BROKERS: `127.0.0.1:${port}`,
});
await makeArchive(javaArchive(KAFKA.folder(config)), {
  folder: scratch.STATE_DIR,
  launch: (output) => launchKafka(scratch, output),
  answers: () => answersKafka(scratch),
  exercise: () => exercise(scratch),
});

/** The platform's use of a broker: topics, idempotent batches, a group that reads and commits. */
async function exercise(config: Config): Promise<void> {
  await ensureTopic(config);
  const kafka = openKafka(config, { clientId: "archive" });
  const topic = config.KAFKA_TOPIC;
  const appender = await kafka.openAppender(topic);
  const messages = Array.from({ length: 200 }, (_, index) => ({
    key: String(index),
    value: "x".repeat(100),
  }));
  const batch = { recordCount: messages.length, records: encodeRecords(messages) };
  await appender.append(0, batch);
  await appender.close();

  const read = Promise.withResolvers<void>();
  const member = kafka.member(
    { groupId: "archive", topic, sessionTimeoutMs: 10_000 },
    {
      assigned: () => {},
      fetched: async () => read.resolve(),
      away: () => {},
      ended: read.reject,
    },
  );
  await member.join();
  await deadline(read.promise, READ_MS_MAX);
  await member.commit(new Map([[0, messages.length]]));
  await member.leave();
}
