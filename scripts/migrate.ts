/**
 * `bun run migrate`: brings the database and the topic to what this checkout expects. Safe to run at
 * any time, also several at once; what is done already is not done again.
 */

import { type ArgsDef, defineCommand } from "citty";
import { explainKafka, isRefusal } from "./kafka/failure.ts";
import { answersKafka } from "./kafka/probe.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { answersPostgres, connect, explainPostgres, isPostgresRefusal } from "./lib/postgres.ts";
import { runProgram } from "./lib/program.ts";
import { until } from "./lib/wait.ts";
import { exclusively, migrate } from "./migrate/migrations.ts";
import { existingLogins, setPasswords } from "./migrate/passwords.ts";
import { ensureTopic } from "./migrate/topic.ts";

const flags = {
  wait: {
    type: "string",
    description: "How long to wait for Kafka and PostgreSQL",
    valueHint: "SECONDS",
    default: "0",
  },
  only: {
    type: "enum",
    options: ["database", "topic"],
    description: "Leave the other one alone",
  },
} satisfies ArgsDef;

const command = defineCommand({
  meta: { name: "migrate", description: "Bring the database and the topic up to date" },
  args: flags,
  async run({ args }) {
    const seconds = Number(args.wait);
    if (!(seconds >= 0)) {
      throw new ConfigError(`Cannot wait: --wait must be a number of seconds, not ${args.wait}`);
    }
    const config = readConfig();
    if (args.only !== "topic") {
      await untilItAnswers("PostgreSQL", seconds * 1_000, {
        probe: () => answersPostgres(config),
        isFinal: isPostgresRefusal,
        explain: (error) => explainPostgres(config, "owner", error),
      });
      await migrateDatabase(config);
    }
    if (args.only !== "database") {
      await untilItAnswers("Kafka", seconds * 1_000, {
        probe: () => answersKafka(config),
        isFinal: isRefusal,
        explain: (error) => explainKafka(config, error),
      });
      await migrateTopic(config);
    }
  },
});

interface Waiting {
  probe(): Promise<void>;
  /** Whether waiting cannot mend it. */
  isFinal(error: unknown): boolean;
  explain(error: unknown): string;
}

/** @throws ConfigError, or Error that says what to do, as soon as waiting is of no use */
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

async function migrateTopic(config: Config): Promise<void> {
  const topic = config.KAFKA_TOPIC;
  const { created, addedPartitions, differences } = await ensureTopic(config);
  if (created) console.log(`Created topic ${topic} with ${config.KAFKA_PARTITIONS} partitions`);
  if (addedPartitions > 0) console.log(`Added ${addedPartitions} partitions to topic ${topic}`);
  for (const difference of differences) console.warn(`Topic ${topic}: ${difference}`);
  if (!created && addedPartitions + differences.length === 0) {
    console.log(`Topic ${topic} is up to date`);
  }
}

await runProgram(command);
