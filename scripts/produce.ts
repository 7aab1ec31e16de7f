/**
 * `bun run produce`: sends events to Kafka, made up or from a file, each stored exactly once for as
 * long as this process lives. Wires flags, settings, source and sender; `--help` says what it can do.
 */

import { randomBytes } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import { readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { startLogging } from "./lib/log.ts";
import { connect } from "./produce/delivery/connect.ts";
import { Sender } from "./produce/delivery/sender.ts";
import { type ProduceOptions, readFlags, UsageError } from "./produce/flags.ts";
import { helpText } from "./produce/help.ts";
import { InputError } from "./produce/input/open.ts";
import { type Ending, inWords, Report, type Summary } from "./produce/report.ts";
import { run, unlessStopped } from "./produce/run.ts";
import { fileSource, type Source, syntheticSource } from "./produce/source.ts";

/** After a stop, how long an unreachable Kafka is waited for before what is unsent is given up. */
const GIVE_UP_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

async function main(): Promise<number> {
  const config = readConfig();
  startLogging(config);
  const options = readFlags(process.argv.slice(2), {
    rate: config.PRODUCER_RATE,
    topic: config.KAFKA_TOPIC,
    seed: randomBytes(16).toString("hex"),
  });
  if (!options) {
    const help = await helpText();
    await print(process.stdout.isTTY ? help : stripVTControlCharacters(help));
    return 0;
  }
  const report = new Report();
  const stop = stopOnSignals();
  const source = openSource(options, report, stop);
  // A file that cannot be used is found before Kafka is looked for.
  const first = await unlessStopped(source.fill(), stop.signal);
  const connecting = connect(config, options.topic, options.waitMs);
  const connection = await unlessStopped(connecting, stop.signal);
  if (!connection) return EXIT_INTERRUPTED;
  const sender = new Sender(connection, {
    onOutage: (reason) => report.say(`Kafka unreachable, waiting… (${reason})`),
    onRecovery: (outageMs) => report.say(`Kafka is back after ${(outageMs / 1_000).toFixed(1)} s`),
  });
  report.startLive(() => sender);
  const startMs = performance.now();
  const failure = first === false ? undefined : await sendAll(options, source, sender, stop);
  report.stopLive();
  const summary = summarize(options, report, sender, stop.signal, failure, startMs);
  await print(options.json ? JSON.stringify(summary) : inWords(summary));
  // Everything is stored or given up by now: what goes wrong here changes nothing.
  await connection.close().catch(() => {});
  return conclude(summary, failure, report);
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
  let isRepeated = false;
  const onSignal = () => {
    if (isRepeated) process.exit(EXIT_INTERRUPTED);
    isRepeated = true;
    stop.abort("signal");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
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

/** Says what went wrong, and with which status the program ends. */
function conclude(summary: Summary, failure: Error | undefined, report: Report): number {
  if (failure) {
    report.say(failure.message);
    return failure instanceof InputError ? EXIT_USAGE : EXIT_FAILED;
  }
  if (summary.ended === "strict") {
    report.say("Stopped at the first rejected row, because of --strict");
    return EXIT_FAILED;
  }
  if (summary.sent === 0 && summary.rejected > 0 && summary.ended === "done") {
    report.say("Cannot send any row: all were rejected; see --map, --types and --user-offset");
    return EXIT_FAILED;
  }
  return 0;
}

const print = (text: string) =>
  new Promise<void>((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || error instanceof ConfigError || error instanceof InputError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILED;
}
// An input that is still open, such as a pipe that nobody writes to, would keep the program alive.
process.exit();
