/**
 * A real Kafka and a real PostgreSQL for one test file, on ports and in a folder of their own,
 * started by the same command that people use. Each test takes a topic and a database of its own.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { type Config, ROOT, readConfig } from "../../scripts/lib/config.ts";
import { connect, type Sql } from "../../scripts/lib/postgres.ts";
import { freePorts } from "../../scripts/stack/free-ports.ts";
import { until } from "../../scripts/stack/until.ts";

export type Environment = Record<string, string>;

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one of the project's scripts to its end. */
export async function run(
  environment: Environment,
  script: string,
  args: string[] = [],
  stdin?: string | Uint8Array,
): Promise<Finished> {
  const program = start(environment, script, args, stdin);
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  return { exitCode, stdout, stderr };
}

/** The same, for a step that has to succeed. */
export async function runOrThrow(...call: Parameters<typeof run>): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...call);
  if (exitCode !== 0) throw new Error(`${call[1]} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}

/** Starts one of the project's scripts and leaves it running. */
export function start(
  environment: Environment,
  script: string,
  args: string[] = [],
  stdin?: string | Uint8Array,
) {
  return Bun.spawn([process.execPath, "--no-env-file", join(ROOT, script), ...args], {
    cwd: ROOT,
    env: environment,
    stdin: stdin === undefined ? "ignore" : new Blob([stdin as string]),
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** A topic and a database of their own in the platform's services. */
export interface Place {
  environment: Environment;
  config: Config;
  /** Connected as the owner. */
  sql: Sql;
}

export class Platform {
  readonly #environment: Environment;
  readonly #admin: Sql;
  readonly #places: Place[] = [];

  private constructor(environment: Environment) {
    this.#environment = environment;
    this.#admin = connect(readConfig(environment), "admin");
  }

  static async start(settings: Environment = {}): Promise<Platform> {
    const stateFolder = mkdtempSync(join(tmpdir(), "platform-test-"));
    const [kafka, controller, postgres, metrics] = (await freePorts(4)).map(String);
    const environment: Environment = {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      ...(process.env.CACHE_DIR && { CACHE_DIR: process.env.CACHE_DIR }),
      STATE_DIR: stateFolder,
      KAFKA_PORT: kafka as string,
      KAFKA_CONTROLLER_PORT: controller as string,
      POSTGRES_PORT: postgres as string,
      CONSUMER_METRICS_PORT: metrics as string,
      ...settings,
    };
    await runOrThrow(environment, "scripts/up.ts", ["kafka", "postgres"]);
    const secrets = parseEnv(readFileSync(join(stateFolder, ".env"), "utf8")) as Environment;
    return new Platform({ ...environment, ...secrets });
  }

  /** A migrated database and a topic, both called `name`. */
  async place(name: string, settings: Environment = {}): Promise<Place> {
    const environment = {
      ...this.#environment,
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
      const { stdout } = await run(this.#environment, "scripts/status.ts", ["--json"]);
      const rows = JSON.parse(stdout) as { service: string; processId?: number }[];
      const found = rows.find((row) => row.service === service)?.processId;
      // A signal to process 0 would go to this very process and all its siblings.
      if (!found) throw new Error("it is not up");
      return found;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#places.map(({ sql }) => sql.end({ timeout: 1 })));
    await this.#admin.end({ timeout: 1 });
    await run(this.#environment, "scripts/down.ts");
    rmSync(this.#environment.STATE_DIR as string, { recursive: true, force: true });
  }
}
