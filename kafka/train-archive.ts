/**
 * Makes Kafka's archive of loaded classes: a scratch broker does what a broker does in its first
 * minute, and Java notes the loaded classes. The archive appears whole or not at all, and only one
 * process of the machine makes it. The supervisor runs this once, in the background.
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, dirname, join } from "node:path";
import { asEnvironment } from "../scripts/host/environment.ts";
import { runFile } from "../scripts/host/folders.ts";
import { freePorts } from "../scripts/host/free-ports.ts";
import { takeLock } from "../scripts/host/lock.ts";
import { encodeRecords } from "../scripts/kafka/encode-records.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { answersKafka } from "../scripts/kafka/probe.ts";
import { type Config, readConfig } from "../scripts/lib/config.ts";
import { deadline, GiveUp, until } from "../scripts/lib/wait.ts";
import { ensureTopic } from "../scripts/migrate/topic.ts";
import { kafkaArchive } from "./install.ts";
import { launchKafka } from "./start.ts";

const READY_MS_MAX = 180_000;
const END_MS_MAX = 180_000;

// All other processes take precedence.
setPriority(constants.priority.PRIORITY_LOW);
const config = readConfig();
const archive = kafkaArchive(config);
try {
  const release = await takeLock(`${archive}.lock`, 0);
  try {
    if (!existsSync(archive)) await train(config);
  } finally {
    release();
  }
} catch (error) {
  console.error(`Cannot make ${archive}: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function train(config: Config): Promise<void> {
  const [port, controllerPort] = await freePorts(2);
  const scratch = runFile(config, "archive");
  const draft = join(dirname(archive), `.${basename(archive)}.${process.pid}`);
  const trained = readConfig({
    ...asEnvironment(config),
    STATE_DIR: scratch,
    KAFKA_PORT: String(port),
    KAFKA_CONTROLLER_PORT: String(controllerPort),
    KAFKA_BROKERS: `127.0.0.1:${port}`,
  });
  removeDrafts();
  rmSync(scratch, { recursive: true, force: true });
  const { command, folder } = launchKafka(trained, draft);
  const broker = Bun.spawn(command, {
    cwd: folder!,
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.on("SIGTERM", () => broker.kill("SIGKILL"));
  try {
    await until("the scratch broker answers", READY_MS_MAX, async () => {
      if (broker.exitCode !== null || broker.signalCode !== null) throw new GiveUp("it ended");
      await answersKafka(trained);
    });
    await exercise(trained);
    broker.kill("SIGTERM");
    await until("the archive is written", END_MS_MAX, async () => {
      if (broker.exitCode === null && broker.signalCode === null)
        throw new Error("Java still writes it");
    });
    renameSync(draft, archive);
    console.log(`Made ${archive}`);
  } finally {
    broker.kill("SIGKILL");
    removeDrafts();
    rmSync(scratch, { recursive: true, force: true });
  }
}

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
  await deadline(read.promise, READY_MS_MAX);
  await member.commit(new Map([[0, messages.length]]));
  await member.leave();
}

/** Also removes folders of killed processes. */
function removeDrafts(): void {
  for (const name of readdirSync(dirname(archive))) {
    if (name.startsWith(`.${basename(archive)}.`)) rmSync(join(dirname(archive), name));
  }
}
