/** A Kafka of several brokers, each broker and controller at once, which a test kills and starts. */
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// biome-ignore lint/style/noRestrictedImports: the platform itself never asks for the copies in sync
import kafkajs from "kafkajs";
import { KAFKA } from "../../kafka/install.ts";
import { launchKafka } from "../../kafka/start.ts";
import { javaProgram } from "../../scripts/host/folders.ts";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { install } from "../../scripts/host/install.ts";
import { answersKafka } from "../../scripts/kafka/probe.ts";
import { type Config, ROOT, readConfig } from "../../scripts/lib/config.ts";
import { dataFolder } from "../../scripts/lib/local-data.ts";
import { until } from "../../scripts/lib/wait.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { type Environment, programEnvironment } from "./script.ts";

const START_MS_MAX = 180_000;

interface Broker {
  config: Config;
  /** Where clients find the proxy, and where that finds the broker. */
  proxyPort: number;
  proxiedPort: number;
  /** What is added to the settings of one broker that is alone. */
  properties: string;
  process: Bun.Subprocess | undefined;
}

export class Cluster {
  /** For programs that use it, with a copy of each partition on each broker. */
  readonly settings: Environment;
  /** The same for programs that use it through `proxies`. */
  readonly proxied: Environment;
  /** One for each broker; they cut nothing until they are told to. */
  readonly proxies: FaultyProxy[];
  readonly #folder: string;
  readonly #brokers: Broker[];

  private constructor(folder: string, brokers: Broker[]) {
    this.#folder = folder;
    this.#brokers = brokers;
    const settings = (ports: number[]) => ({
      KAFKA_BROKERS: ports.map((port) => `127.0.0.1:${port}`).join(),
      KAFKA_REPLICATION_FACTOR: String(brokers.length),
    });
    this.settings = settings(brokers.map(({ config }) => config.KAFKA_PORT));
    this.proxied = settings(brokers.map(({ proxyPort }) => proxyPort));
    this.proxies = brokers.map(
      ({ proxyPort, proxiedPort }) => new FaultyProxy(proxyPort, proxiedPort),
    );
  }

  static async start(brokerCount: number): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "cluster-test-"));
    const ports = await freePorts(4 * brokerCount);
    const places = Array.from({ length: brokerCount }, (_, index) => ({
      id: index + 1,
      ports: ports.slice(4 * index, 4 * index + 4) as [number, number, number, number],
    }));
    const voters = places.map(({ id, ports }) => `${id}@127.0.0.1:${ports[1]}`).join();
    const cluster = new Cluster(
      folder,
      places.map(({ id, ports: [port, controllerPort, proxiedPort, proxyPort] }) => ({
        config: readConfig({
          ...programEnvironment(),
          STATE_DIR: join(folder, String(id)),
          KAFKA_PORT: String(port),
          KAFKA_CONTROLLER_PORT: String(controllerPort),
          KAFKA_HEAP_MB: "256",
        }),
        proxyPort,
        proxiedPort,
        // When a property occurs twice, the last one counts.
        properties: `
node.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort},PROXIED://127.0.0.1:${proxiedPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${proxyPort}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
controller.quorum.voters=${voters}
offsets.topic.replication.factor=${brokerCount}
# By default a dead broker leads its partitions for nine seconds more.
broker.session.timeout.ms=6000
# Leaders move back to a broker that has come back.
leader.imbalance.check.interval.seconds=5
`,
        process: undefined,
      })),
    );
    try {
      await install(cluster.#brokers[0]!.config, [KAFKA]);
      const id = randomBytes(16).toString("base64url");
      await Promise.all(cluster.#brokers.map((broker) => format(broker, id)));
      for (const broker of cluster.#brokers) launch(broker);
      await cluster.untilReady();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Kills the broker as a loss of power does. */
  async kill(index: number): Promise<void> {
    const { process } = this.#brokers[index]!;
    process?.kill("SIGKILL");
    await process?.exited;
  }

  /** Lets the broker stand still; the function that this returns lets it go on. */
  freeze(index: number): () => void {
    const { process } = this.#brokers[index]!;
    process?.kill("SIGSTOP");
    return () => process?.kill("SIGCONT");
  }

  /** Starts a broker that was killed; it may not answer yet. */
  restart(index: number): void {
    launch(this.#brokers[index]!);
  }

  /** Waits until each broker answers. */
  async untilReady(): Promise<void> {
    for (const { config } of this.#brokers) {
      await until("each broker answers", START_MS_MAX, () => answersKafka(config));
    }
  }

  /** Waits until each broker has all records of the topic, so that another one may be lost. */
  async untilInSync(topic: string): Promise<void> {
    const brokers = this.settings.KAFKA_BROKERS!.split(",");
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await until("all copies are in sync", START_MS_MAX, async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        const copies = topics[0]!.partitions.map(({ isr }) => isr.length);
        if (Math.min(...copies) < this.#brokers.length) throw new Error(`${copies} are`);
      });
    } finally {
      await admin.disconnect();
    }
  }

  /** Ends all brokers and deletes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((_, index) => this.kill(index)));
    for (const proxy of this.proxies) proxy.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function launch(broker: Broker): void {
  const { command } = launchKafka(broker.config);
  const folder = dataFolder(broker.config, "kafka");
  appendFileSync(join(folder, "server.properties"), broker.properties);
  const log = openSync(join(folder, "broker.log"), "a");
  broker.process = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: log, stderr: log });
}

/** Makes the broker's data, as a member of the cluster. */
async function format({ config, properties }: Broker, clusterId: string): Promise<void> {
  const folder = dataFolder(config, "kafka");
  mkdirSync(folder, { recursive: true });
  const template = readFileSync(join(ROOT, "kafka/server.properties"), "utf8");
  const filled = template.replace(/@([A-Z_]+)@/g, (_, name) =>
    String(config[name as "KAFKA_PORT"]),
  );
  writeFileSync(join(folder, "format.properties"), filled + properties);
  const tool = ["-cp", KAFKA.classPath(config), "kafka.tools.StorageTool", "format"];
  const program = Bun.spawn(
    [javaProgram(config), ...tool, `--cluster-id=${clusterId}`, "-c", "format.properties"],
    { cwd: folder, stdout: "ignore", stderr: "pipe" },
  );
  if ((await program.exited) === 0) return;
  throw new Error(`Cannot format Kafka's data: ${await new Response(program.stderr).text()}`);
}
