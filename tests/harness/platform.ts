/**
 * A real Kafka and a real PostgreSQL. Each test gets its own topic and database in them. So no test
 * sees data of another test, nor of another file that ran in the same process.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { answersKafka } from "../../scripts/kafka/probe.ts";
import { type Config, readConfig } from "../../scripts/lib/config.ts";
import { answersPostgres, connect, type Sql } from "../../scripts/lib/postgres.ts";
import { until } from "../../scripts/lib/wait.ts";
import { type Environment, run, runOrThrow } from "./script.ts";
import { sharedStack } from "./shared-stack.ts";
import { type Stack, startStack } from "./stack.ts";

/** A topic and a database of one test in the platform's services. */
export interface Place {
  environment: Environment;
  config: Config;
  /** Connected as the owner. */
  sql: Sql;
}

/** Writes the lines to a file of the place, for the producer to send, and returns its path. */
export function writeLines(place: Place, lines: string[], name = "events"): string {
  const path = join(place.config.STATE_DIR, `${place.config.KAFKA_TOPIC}-${name}.ndjson`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

export class Platform {
  readonly #stack: Stack;
  readonly #isShared: boolean;
  readonly #admin: Sql;
  readonly #places: Place[] = [];

  private constructor(stack: Stack, { isShared }: { isShared: boolean }) {
    this.#stack = stack;
    this.#isShared = isShared;
    this.#admin = connect(stack.config, "admin");
  }

  /**
   * The platform of this process, or one for the file alone where it has settings of its own. With
   * KAFKA_BROKERS it uses that Kafka.
   */
  static async start(settings?: Environment): Promise<Platform> {
    const services = settings?.KAFKA_BROKERS ? ["postgres"] : ["kafka", "postgres"];
    if (settings)
      return new Platform(await startStack({ services, settings }), { isShared: false });
    return new Platform(await sharedStack("platform", { services }), { isShared: true });
  }

  /** Settings of the services, without a topic or a database of a test. */
  get config(): Config {
    return this.#stack.config;
  }

  /** Runs a command of the stack, such as `up`, with those settings. */
  perform(script: string, ...args: string[]): Promise<string> {
    return runOrThrow(this.#stack.settings, script, args);
  }

  /** A migrated database and a topic, both called `name`. */
  async place(name: string, settings: Environment = {}): Promise<Place> {
    const environment = {
      ...this.#stack.settings,
      KAFKA_TOPIC: name,
      KAFKA_GROUP_ID: name,
      POSTGRES_DB: name,
      CONSUMER_METRICS_PORT: String((await freePorts(1))[0]),
      ...settings,
    };
    const config = readConfig(environment);
    await this
      .#admin`create database ${this.#admin(name)} owner ${this.#admin(config.POSTGRES_USER)}`;
    await runOrThrow(environment, "scripts/migrate.ts");
    const place = { environment, config, sql: connect(config, "owner", { connections: 2 }) };
    this.#places.push(place);
    return place;
  }

  /** Process id of a service's main process, as `status` gives it; waits while it restarts. */
  processId(service: "kafka" | "postgres"): Promise<number> {
    return until(`${service} has a process`, 120_000, async () => {
      const { stdout } = await run(this.#stack.settings, "scripts/status.ts", ["--json"]);
      const rows = JSON.parse(stdout) as { service: string; processId?: number }[];
      const found = rows.find((row) => row.service === service)?.processId;
      // A signal to process 0 would reach this process and all its siblings.
      if (!found) throw new Error("it is not up");
      return found;
    });
  }

  /** Waits until both services answer again after they were killed. */
  async untilReady(): Promise<void> {
    await until("Kafka answers", 180_000, () => answersKafka(this.#stack.config));
    await until("PostgreSQL answers", 180_000, () => answersPostgres(this.#stack.config));
    // Only a query reveals that a connection of this process is broken.
    await until("the test is connected", 60_000, () =>
      Promise.all([this.#admin, ...this.#places.map(({ sql }) => sql)].map((sql) => sql`select 1`)),
    );
  }

  /** `beforeRemoval` is called between the end of the services and the removal of their data. */
  async stop(beforeRemoval?: () => void): Promise<void> {
    await Promise.all(this.#places.map(({ sql }) => sql.end({ timeout: 1 })));
    await this.#admin.end({ timeout: 1 });
    if (!this.#isShared) await this.#stack.stop(beforeRemoval);
  }
}
