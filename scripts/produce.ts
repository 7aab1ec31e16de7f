/**
 * `bun run produce`: sends events to Kafka, made up or from a file, each stored exactly once for as
 * long as this process lives. Wires flags, settings, source and sender; `--help` says what it can do.
 */

import { randomBytes } from "node:crypto";
import { messageOf, retractionMessageOf } from "../schema/layout.ts";
import { kafkaDependency } from "./kafka/dependency.ts";
import { pingKafka } from "./kafka/probe.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import type { Dependency } from "./lib/dependency.ts";
import { serveMetrics } from "./lib/http.ts";
import { roomWarnings } from "./lib/local-data.ts";
import { startLogging } from "./lib/log.ts";
import { stopSignal } from "./lib/stop.ts";
import { connect } from "./produce/delivery/connect.ts";
import { DeliveryError } from "./produce/delivery/delivery-error.ts";
import { limitWait } from "./produce/delivery/patience.ts";
import { Sender } from "./produce/delivery/sender.ts";
import { flags, optionsOf, type ProduceOptions } from "./produce/flags.ts";
import { examples, notes } from "./produce/help.ts";
import { type Progress, producerMetrics } from "./produce/metrics.ts";
import { type Ending, inWords, Report, type Summary, whatNow } from "./produce/report.ts";
import { run, unlessStopped } from "./produce/run.ts";
import { fileSource, type Source, syntheticSource } from "./produce/source.ts";

const EXIT_INTERRUPTED = 130;

async function produce(options: ProduceOptions, config: Config): Promise<void> {
  const report = new Report();
  const stop = stopOnSignals();
  let sender: Sender | undefined;
  const progress = () => ({
    sent: sender?.sent ?? 0,
    pending: sender?.pending ?? 0,
    rejected: report.rejected,
  });
  const kafka = kafkaDependency(config, {
    onAway: (reason) => report.away(progress().pending, reason),
    onBack: (outageMs) => report.back(outageMs),
  });
  if (options.serves) await serve(config, kafka, progress, () => sender !== undefined);
  const source = openSource(options, report, stop);
  // A file that cannot be used is found before Kafka is looked for.
  const first = await unlessStopped(source.fill(), stop.signal);
  const connecting = connect(config, options.topic, kafka, options);
  const connection = await unlessStopped(connecting, stop.signal);
  if (!connection) {
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  sender = new Sender(connection, kafka);
  report.startLive(progress);
  const startMs = performance.now();
  const endWatch = limitWait(kafka, {
    waitMs: options.waitMs,
    stop: stop.signal,
    onStillAway: (awayMs) => report.stillAway(progress().pending, awayMs),
    onGiveUp: (reason) => {
      sender?.abandon(reason);
      stop.abort("wait");
    },
  });
  const failure = first === false ? undefined : await sendAll(options, source, sender, stop);
  endWatch();
  report.stopLive();
  const summary = summarize(options, report, sender, stop.signal, failure, startMs);
  if (options.json) printJson(summary);
  else console.log(inWords(summary));
  // Everything is stored or given up by now: what goes wrong here changes nothing.
  await connection.close().catch(() => {});
  if (failure instanceof DeliveryError) {
    throw new DeliveryError(`${failure.message}; ${whatNow(summary, options.file?.path)}`);
  }
  if (failure) throw failure;
  judge(summary);
}

/** Serves the health and the metrics of a run, until the process ends. */
async function serve(
  config: Config,
  kafka: Dependency,
  progress: () => Progress,
  isConnected: () => boolean,
): Promise<void> {
  // A producer that seldom sends would not notice. What Kafka refuses, sending says.
  kafka.probe(() => pingKafka(config), new AbortController().signal).catch(() => {});
  await serveMetrics({
    config,
    setting: "PRODUCER_METRICS_PORT",
    registry: producerMetrics(kafka, progress),
    health: () => ({
      waitingFor: kafka.waitingFor ?? (isConnected() ? undefined : "its connection to Kafka"),
      warnings: roomWarnings(config, ["kafka"]),
    }),
  });
}

/** Sends until the end or a stop, then everything under way; returns the failure that ended it. */
async function sendAll(
  options: ProduceOptions,
  source: Source,
  sender: Sender,
  stop: AbortController,
): Promise<Error | undefined> {
  const { durationMs } = options;
  const timer =
    durationMs === undefined ? undefined : setTimeout(() => stop.abort("duration"), durationMs);
  let failure: Error | undefined;
  try {
    const message = options.retracts ? retractionMessageOf : messageOf;
    await run({ ...options, source, sender, messageOf: message, stop: stop.signal });
  } catch (error) {
    failure = error as Error;
  }
  clearTimeout(timer);
  try {
    await sender.flush();
  } catch (error) {
    failure ??= error as Error;
  }
  return failure;
}

function openSource(options: ProduceOptions, report: Report, stop: AbortController): Source {
  if (options.synthetic) {
    return syntheticSource(options.synthetic, options.rate, options.countMax);
  }
  return fileSource(options.file!, (lineNumber, fault) => {
    report.reject(lineNumber, fault);
    if (options.strict) stop.abort("strict");
  });
}

function stopOnSignals(): AbortController {
  const stop = new AbortController();
  stopSignal().addEventListener("abort", () => stop.abort("signal"));
  return stop;
}

function summarize(
  options: ProduceOptions,
  report: Report,
  sender: Sender,
  stop: AbortSignal,
  failure: Error | undefined,
  startMs: number,
): Summary {
  const durationMs = Math.round(performance.now() - startMs);
  const { user, system } = process.cpuUsage();
  const ended: Ending = failure ? "failure" : stop.aborted ? stop.reason : "done";
  return {
    topic: options.topic,
    retracts: options.retracts,
    sent: sender.sent,
    unsent: sender.pending,
    rejected: report.rejected,
    rejects: report.rejects,
    durationMs,
    eventsPerSecond: durationMs === 0 ? 0 : Math.round((sender.sent * 1_000) / durationMs),
    cpuMs: Math.round((user + system) / 1_000),
    ended,
    seed: options.synthetic?.seed ?? null,
  };
}

/** @throws Error when the run ended, but not as it should */
function judge({ ended, sent, rejected }: Summary): void {
  if (ended === "strict") {
    throw new Error("Stopped at the first rejected row, because of --strict");
  }
  if (sent === 0 && rejected > 0 && ended === "done") {
    throw new Error("Cannot send any row: all were rejected; see --map, --types and --user-offset");
  }
}

const command = defineCommand({
  name: "produce",
  flags,
  notes,
  examples,
  exits: {
    0: "done, or stopped and all sent",
    1: "failed; the result says what was sent",
    2: "wrong flag, setting or file",
    130: "stopped before it could send, or at once by a second Ctrl-C",
  },
  async run({ flags: given }) {
    const config = readConfig();
    startLogging(config);
    const options = optionsOf(given, {
      rate: config.PRODUCER_RATE,
      topic: config.KAFKA_TOPIC,
      seed: randomBytes(16).toString("hex"),
      nowMs: Date.now,
    });
    await produce(options, config);
  },
});

await runCommand(command);
