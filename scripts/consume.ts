/**
 * `bun run consume`: counts the events of the topic in PostgreSQL, each once. Start up to one per
 * partition; they share the work and take over from each other.
 */
import { awaitSchema } from "./consume/await-schema.ts";
import { awaitTopic } from "./consume/await-topic.ts";
import { dependenciesOf } from "./consume/dependencies.ts";
import { GroupMember } from "./consume/member.ts";
import { ConsumerMetrics } from "./consume/metrics.ts";
import { reportPresence } from "./consume/presence.ts";
import { openKafka } from "./kafka/open.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { NeedsPersonError } from "./lib/errors.ts";
import { serveMetrics } from "./lib/http.ts";
import { DATA_KINDS, roomWarnings } from "./lib/local-data.ts";
import { getLogger, startLogging } from "./lib/log.ts";
import { connect } from "./lib/postgres.ts";
import { stopSignal } from "./lib/stop.ts";
import { pause } from "./lib/wait.ts";

/** Connections for transactions of several partitions at once; more would not help. */
const CONNECTIONS = 4;
/** How long `/healthz` says why counting has stopped, before the program ends. */
const SHOWN_MS = 15_000;

const command = defineCommand({
  name: "consume",
  description: `Runs until it is stopped (SIGINT or SIGTERM); what has been read is stored first. Start as many
as the topic has partitions: they share them, and take over from one another. Settings come from
the environment, see .env.example.`,
  notes: {
    ADDRESSES: `
http://127.0.0.1:9464/metrics    for Prometheus
http://127.0.0.1:9464/healthz    whether it works, and what it waits for
A second consumer answers at the next free port.`,
  },
  examples: [["bun run consume", "count until Ctrl-C"]],
  exits: { 0: "stopped", 1: "cannot go on; the message says what to decide", 2: "wrong setting" },
  async run() {
    const config = readConfig();
    startLogging(config);
    const log = getLogger(["consume"]);
    const dependencies = dependenciesOf(config);
    const metrics = new ConsumerMetrics(dependencies);
    const sql = connect(config, "ingest", {
      connections: CONNECTIONS,
      applicationName: "consumer",
    });
    const kafka = openKafka(config, { clientId: "consumer", patience: "long" });
    const member = new GroupMember({ config, kafka, sql, metrics, dependencies });
    /** What a person has to decide, when counting has stopped for that. */
    let decision: string | undefined;
    const waitingFor = () => decision ?? member.waitingFor;
    const server = await serveMetrics({
      config,
      setting: "CONSUMER_METRICS_PORT",
      registry: metrics.registry,
      health: () => ({
        waitingFor: waitingFor(),
        warnings: roomWarnings(config, DATA_KINDS),
      }),
    });
    log.info("Starting", { topic: config.KAFKA_TOPIC, metricsPort: server.port });
    const end = new AbortController();
    let presence = Promise.resolve();
    const stop = stopSignal();
    stop.addEventListener("abort", () => {
      log.info("Stopping", { signal: stop.reason.signal });
      void member.stop();
    });
    // A stop must not wait for a service that does not answer.
    const unlessEnded = (work: Promise<void>) => Promise.race([work, member.ended]);
    try {
      await unlessEnded(awaitSchema(config, sql, dependencies.postgres, stop));
      presence = reportPresence(config, waitingFor, end.signal);
      await unlessEnded(awaitTopic(config, sql, dependencies.kafka, stop));
      await unlessEnded(member.start());
      await member.ended;
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof NeedsPersonError && member.hasCounted) {
        decision = error.message;
        log.error("Counting has stopped", { reason: decision });
        await member.stop(2_000);
        await pause(SHOWN_MS, stop).catch(() => {});
      }
      throw error;
    } finally {
      await member.stop(2_000);
      end.abort();
      await presence;
      server.close();
      await sql.end({ timeout: 2 });
    }
  },
});

await runCommand(command);
