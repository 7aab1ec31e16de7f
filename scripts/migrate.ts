/**
 * `bun run migrate`: brings the database and the topic up to date with this checkout. It is safe at
 * any time, also several times at once, and does nothing twice.
 */

import { existsSync } from "node:fs";
import { RefusedError, TopicMissingError, UNKNOWN_TOPIC_MS_MAX } from "./kafka/failure.ts";
import { openKafka } from "./kafka/open.ts";
import { pingKafka } from "./kafka/probe.ts";
import { countedTopicId, topicGone } from "./ledger/same-log.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { choice, DURATION_MS, flag, toggle } from "./lib/flags.ts";
import { dataFolder, isPostgresHere } from "./lib/local-data.ts";
import { answersPostgres, connect, explainPostgres, isPostgresRefusal } from "./lib/postgres.ts";
import { retry, until } from "./lib/wait.ts";
import { exclusively, migrate } from "./migrate/migrations.ts";
import { existingLogins, setPasswords } from "./migrate/passwords.ts";
import { ensureTopic } from "./migrate/topic.ts";

const command = defineCommand({
  name: "migrate",
  description: `Applies the migrations of postgres/migrations that are missing, sets the passwords of the roles,
and creates the topic with KAFKA_PARTITIONS partitions, or adds some. In the Kafka that \`up\` starts,
an existing topic gets the retention of the settings; elsewhere it is said what differs. A topic that
was counted and is gone is not created again, since nothing could prove the counts any more. Safe at
any time, also by several at once: what is done is not done again. Services do this when they start.
A compacted topic loses events, so it is compacted no longer, or refused when somebody else may need
that.`,
  flags: {
    wait: flag(DURATION_MS, "Wait this long for Kafka and PostgreSQL", "0"),
    only: flag(choice(["database", "topic"]), "Leave the other one alone"),
    "end-compaction": toggle("Also for a topic that migrate did not create as it is"),
  },
  examples: [
    ["bun run migrate", "database and topic"],
    ["bun run migrate --wait 60s --only topic", "the topic, as soon as Kafka answers"],
  ],
  exits: { 0: "up to date", 1: "failed, or away for longer than --wait" },
  async run({ flags: { wait: waitMs, only, "end-compaction": mayEndCompaction } }) {
    const config = readConfig();
    if (only !== "topic") {
      await untilPostgresAnswers(config, waitMs);
      await migrateDatabase(config);
    }
    if (only !== "database") {
      await untilItAnswers("Kafka", waitMs, {
        probe: () => pingKafka(config),
        isFinal: (error) => error instanceof RefusedError,
        explain: (error) => (error as Error).message,
      });
      await refuseToReplace(config, waitMs);
      await migrateTopic(config, mayEndCompaction);
    }
  },
});

const untilPostgresAnswers = (config: Config, waitMs: number) =>
  untilItAnswers("PostgreSQL", waitMs, {
    probe: () => answersPostgres(config),
    isFinal: isPostgresRefusal,
    explain: (error) => explainPostgres(config, "owner", error),
  });

const UNDEFINED_TABLE = "42P01";

/** @throws NeedsPersonError when the topic is missing although it was counted */
async function refuseToReplace(config: Config, waitMs: number): Promise<void> {
  const topic = config.KAFKA_TOPIC;
  if (!(await isMissing(config, topic))) return;
  // Without a database, there are no counts.
  if (isPostgresHere(config) && !existsSync(dataFolder(config, "postgres"))) return;
  await untilPostgresAnswers(config, waitMs);
  const counted = await countedId(config, topic);
  if (counted === undefined) return;
  const ask = async () => {
    if (await isMissing(config, topic)) throw topicGone(config, topic, counted);
  };
  await retry(ask, { isRetryable: () => true, totalMsMax: UNKNOWN_TOPIC_MS_MAX });
}

async function isMissing(config: Config, topic: string): Promise<boolean> {
  try {
    await openKafka(config, { clientId: "migrate" }).logState(topic);
    return false;
  } catch (error) {
    if (error instanceof TopicMissingError) return true;
    throw error;
  }
}

async function countedId(config: Config, topic: string): Promise<string | undefined> {
  const sql = connect(config, "owner", { applicationName: "migrate" });
  try {
    return await countedTopicId(sql, topic);
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return undefined;
    throw error;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

interface Waiting {
  probe(): Promise<void>;
  /** Whether waiting cannot help. */
  isFinal(error: unknown): boolean;
  explain(error: unknown): string;
}

/** @throws ConfigError, or an Error that says what to do, as soon as waiting cannot help */
async function untilItAnswers(
  name: string,
  msMax: number,
  { probe, isFinal, explain }: Waiting,
): Promise<void> {
  const failure = await until(`${name} answers`, msMax, async () => {
    try {
      await probe();
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError) return error;
      const explained = new Error(explain(error), { cause: error });
      if (msMax === 0 || isFinal(error)) return explained;
      throw explained;
    }
  });
  if (failure) throw failure;
}

async function migrateDatabase(config: Config): Promise<void> {
  const sql = connect(config, "owner", { applicationName: "migrate" });
  try {
    const { applied, changed } = await exclusively(sql, async () => {
      const logins = await existingLogins(sql, config);
      const applied = await migrate(sql);
      return { applied, changed: await setPasswords(sql, config, logins) };
    });
    for (const name of applied) console.log(`Applied ${name}`);
    if (changed.length > 0) console.log(`Set the password of ${changed.join(", ")}`);
    if (applied.length + changed.length === 0) console.log("The database is up to date");
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function migrateTopic(config: Config, mayEndCompaction: boolean): Promise<void> {
  const topic = config.KAFKA_TOPIC;
  const report = await ensureTopic(config, { mayEndCompaction });
  const { created, addedPartitions, changes, differences, endedCompaction } = report;
  if (created) console.log(`Created topic ${topic} with ${config.KAFKA_PARTITIONS} partitions`);
  if (addedPartitions > 0) console.log(`Added ${addedPartitions} partitions to topic ${topic}`);
  if (endedCompaction) {
    console.warn(
      `Topic ${topic} was compacted and is no longer; events that its log forgot do not come back`,
    );
  }
  for (const change of changes) console.log(`Topic ${topic}: ${change}`);
  for (const difference of differences) console.warn(`Topic ${topic}: ${difference}`);
  const done = addedPartitions + changes.length + differences.length;
  if (!(created || endedCompaction) && done === 0) {
    console.log(`Topic ${topic} is up to date`);
  }
}

await runCommand(command);
