/**
 * The measured stack: its own Kafka and PostgreSQL, on free ports, with their data in a new folder.
 * It never touches a stack that is up, and `stop` leaves nothing behind.
 */
import type { Config } from "../../scripts/lib/config.ts";
import { type Environment, run, runOrThrow } from "../../tests/harness/script.ts";
import { startStack as startServices } from "../../tests/harness/stack.ts";

export interface Stack {
  config: Config;
  /** For started programs: only the settings of this stack. */
  environment: Environment;
  kafkaProcess: number;
  postgresProcess: number;
  /** The main process of a service, which is another one after a kill. */
  processId(service: ServiceName): Promise<number>;
  stop(): Promise<void>;
}

export type ServiceName = "kafka" | "postgres";

const SETTINGS = {
  // As in a stack that runs for long; tests have another one.
  JAVA_OPTIONS: "",
  // Keeps everything that a round appends until it has been read.
  KAFKA_RETENTION_BYTES: "17179869184",
  // A round stops the consumers while it fills the topic. They must not lose their membership.
  CONSUMER_SESSION_TIMEOUT_MS: "120000",
};

export async function startStack(): Promise<Stack> {
  const mirror = process.env.MAVEN_REPOSITORY_URL;
  const { settings, config, stop } = await startServices({
    services: ["kafka", "postgres"],
    settings: { ...SETTINGS, ...(mirror && { MAVEN_REPOSITORY_URL: mirror }) },
  });
  const processId = async (name: ServiceName) => {
    const { stdout } = await run(settings, "scripts/status.ts", ["--json"]);
    const rows: { service: string; processId?: number }[] = JSON.parse(stdout);
    const id = rows.find(({ service }) => service === name)?.processId;
    if (!id) throw new Error(`Cannot measure ${name}: it does not run`);
    return id;
  };
  try {
    await runOrThrow(settings, "scripts/migrate.ts");
    return {
      config,
      environment: settings,
      kafkaProcess: await processId("kafka"),
      postgresProcess: await processId("postgres"),
      processId,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
