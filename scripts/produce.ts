/**
 * `bun run produce`: sends events to Kafka, made up or from a file, each stored exactly once for as
 * long as this process lives. Wires flags, settings, source and sender; `--help` says what it can do.
 */

import { randomBytes } from "node:crypto";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { startLogging } from "./lib/log.ts";
import { stopSignal } from "./lib/stop.ts";
import { connect } from "./produce/delivery/connect.ts";
import { Sender } from "./produce/delivery/sender.ts";
import { flags, optionsOf, type ProduceOptions } from "./produce/flags.ts";
import { examples, notes } from "./produce/help.ts";
import { type Ending, inWords, Report, type Summary } from "./produce/report.ts";
import { run, unlessStopped } from "./produce/run.ts";
import { fileSource, type Source, syntheticSource } from "./produce/source.ts";

/** After a stop, how long an unreachable Kafka is waited for before what is unsent is given up. */
const GIVE_UP_MS = 10_000;
const EXIT_INTERRUPTED = 130;

async function produce(options: ProduceOptions, config: Config): Promise<void> {
  const report = new Report();
  const stop = stopOnSignals();
  const source = openSource(options, report, stop);
  // A file that cannot be used is found before Kafka is looked for.
  const first = await unlessStopped(source.fill(), stop.signal);
  const connecting = connect(config, options.topic, options.waitMs);
  const connection = await unlessStopped(connecting, stop.signal);
  if (!connection) {
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  const sender = new Sender(connection, {
    onOutage: (reason) => report.say(`Kafka unreachable, waiting… (${reason})`),
    onRecovery: (outageMs) => report.say(`Kafka is back after ${(outageMs / 1_000).toFixed(1)} s`),
  });
  report.startLive(() => sender);
  const startMs = performance.now();
  const failure = first === false ? undefined : await sendAll(options, source, sender, stop);
  report.stopLive();
  const summary = summarize(options, report, sender, stop.signal, failure, startMs);
  if (options.json) printJson(summary);
  else console.log(inWords(summary));
  // Everything is stored or given up by now: what goes wrong here changes nothing.
  await connection.close().catch(() => {});
  if (failure) throw failure;
  judge(summary);
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
    await run({ ...options, source, sender, stop: stop.signal });
  } catch (error) {
    failure = error as Error;
  }
  clearTimeout(timer);
  const patience = giveUpWhenStopped(sender, stop.signal);
  try {
    await sender.flush();
  } catch (error) {
    failure ??= error as Error;
  }
  clearInterval(patience);
  return failure;
}

/** A person or a supervisor that stops the program does not wait for an outage to pass. */
function giveUpWhenStopped(sender: Sender, stop: AbortSignal): NodeJS.Timeout {
  let unreachableMs = 0;
  return setInterval(() => {
    unreachableMs = stop.aborted && sender.unreachable ? unreachableMs + 500 : 0;
    if (unreachableMs >= GIVE_UP_MS) sender.abandon();
  }, 500);
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
