/**
 * `bun run up [service…]`: installs what is missing, starts the services with their needs, and
 * waits until each works. The page comes first, the slow services last. A second run starts nothing
 * twice. When it fails, it stops what it started, except when only a slow service has failed.
 */
import { environmentFile, writeMissingSecrets } from "./host/environment.ts";
import { makePrivateFolder, runFile } from "./host/folders.ts";
import { takeLock } from "./host/lock.ts";
import { OPS } from "./host/ops.ts";
import type { Service } from "./host/service.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { json, rest, toggle } from "./lib/flags.ts";
import { hasColours } from "./lib/terminal.ts";
import { assertHere, isHere, untilElsewhereAnswers } from "./stack/elsewhere.ts";
import { named, servicesByGroup, withNeeds } from "./stack/order.ts";
import { assertPortsFree } from "./stack/ports.ts";
import { removeUnused } from "./stack/remove-unused.ts";
import { secretsOf } from "./stack/secrets.ts";
import { services } from "./stack/services.ts";
import { watchPage } from "./stack/show/live-page.ts";
import { loginLines, newLogins } from "./stack/show/logins.ts";
import { nextSteps } from "./stack/show/next-steps.ts";
import { report } from "./stack/show/report.ts";
import { statusTable } from "./stack/show/status-table.ts";
import { Stopwatch } from "./stack/show/stopwatch.ts";
import { timingsTable } from "./stack/show/timings.ts";
import { bringUp } from "./stack/supervise/bring-up.ts";
import { startJobs } from "./stack/supervise/jobs.ts";
import { changedSettings, hasCodeChanged } from "./stack/supervise/running-settings.ts";
import { aliveNames } from "./stack/supervise/start.ts";
import { type SlowFailure, slowFailureMessage } from "./stack/supervise/start-slow.ts";
import { stopAll } from "./stack/supervise/stop.ts";
import { supervisorProcess } from "./stack/supervise/supervisor.ts";

const OTHER_UP_MS_MAX = 600_000;
/** How long the timings wait for the page when everything else is ready. */
const PAGE_MS_MAX = 30_000;

const command = defineCommand({
  name: "up",
  description: `Installs what is missing, writes the passwords that are missing, and starts the services with all
that they need; the page comes first. Running it again starts nothing twice, and restarts services
whose code or settings have changed. When it fails, it stops what it has started.`,
  flags: {
    services: rest("SERVICE", "Names of services or groups; the default group when none is named"),
    timings: toggle("Show at the end where the time went"),
    json: { ...json, description: "Print JSON, with the timings" },
  },
  notes: { SERVICES: servicesByGroup(services) },
  examples: [
    ["bun run up", "everything but what is started by name only"],
    ["bun run up consumer producer", "the stream alone"],
    ["bun run up trino-worker", "a second node of Trino, too"],
  ],
  exits: { 0: "all services work", 1: "one failed; the message says which and why" },
  async run({ flags }) {
    const requested = named(services, flags.services);
    const path = environmentFile();
    const written = writeMissingSecrets(path, secretsOf(readConfig(), services));
    if (written.length > 0) console.error(`Wrote new passwords to ${path}`);
    const config = readConfig();
    if (flags.services.length > 0) assertHere(config, "start", requested);
    makePrivateFolder(config.STATE_DIR);
    makePrivateFolder(runFile(config, ""));
    const release = await takeLock(runFile(config, "up.lock"), OTHER_UP_MS_MAX, {
      holderDoes: "starts the stack; `bun run status` shows how far it is",
    });
    try {
      const failures = await up(config, requested, flags);
      if (!flags.json) showLogins(config, newLogins(requested, written));
      if (failures.length > 0) throw new Error(slowFailureMessage(failures));
    } finally {
      release();
    }
  },
});

interface Shown {
  timings: boolean;
  json: boolean;
}

async function up(config: Config, requested: Service[], shown: Shown): Promise<SlowFailure[]> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => interrupted.abort(new Error(`Cannot go on: ${signal} came`)));
  }
  const all = await stopIfChanged(config, withNeeds(services, requested, isHere(config)));
  const wanted = all.filter(isHere(config));
  await untilElsewhereAnswers(config, all, interrupted.signal);
  const alive = await aliveNames(config);
  const missing = wanted.filter((service) => !alive.includes(service.name));
  await assertPortsFree(config, missing);
  const stopwatch = new Stopwatch(wanted, OPS.title);
  const page = watchPage(config, missing, stopwatch);
  let failures: SlowFailure[];
  try {
    failures = await bringUp(config, wanted, { signal: interrupted.signal, alive, stopwatch });
    if (failures.length === 0) stopwatch.moment("everything ready");
    if (shown.timings || shown.json) await page.settled(PAGE_MS_MAX);
  } finally {
    page.end();
  }
  const rows = await report(config, wanted);
  const { timings } = stopwatch;
  if (shown.json) printJson({ services: rows, timings });
  else {
    const parts = [
      statusTable(rows, { hasColours: hasColours(), nowMs: Date.now() }),
      ...(shown.timings ? [timingsTable(timings)] : []),
      nextSteps(rows),
    ];
    console.log(parts.join("\n\n"));
  }
  const failed = failures.map(({ service }) => service);
  await startJobs(
    config,
    wanted.filter((service) => !failed.includes(service)),
  );
  const removed = await removeUnused(config);
  if (removed) console.error(removed);
  return failures;
}

/** Printed once, when generated, and only to a terminal: other output may be logged. */
function showLogins(config: Config, fresh: Service[]): void {
  if (fresh.length === 0) return;
  const lines = process.stdout.isTTY ? loginLines(config, fresh) : [];
  console.log(["", ...lines, "bun run status --logins shows the passwords again"].join("\n"));
}

/** Programs take settings and code at their start, so a change of either restarts all of them. */
async function stopIfChanged(config: Config, requested: Service[]): Promise<Service[]> {
  if ((await supervisorProcess(config)) === undefined) {
    await stopAll(config, services);
    return requested;
  }
  const changed = changedSettings(config);
  const reasons = [
    ...(changed.length > 0 ? [`settings changed: ${changed.join(", ")}`] : []),
    ...(hasCodeChanged(config) ? ["the code changed"] : []),
  ];
  if (reasons.length === 0) return requested;
  const alive = await aliveNames(config);
  console.error(`Restarting, because ${reasons.join("; ")}`);
  await stopAll(config, services);
  const running = services.filter(({ name }) => alive.includes(name));
  return withNeeds(services, [...running, ...requested], isHere(config));
}

await runCommand(command);
