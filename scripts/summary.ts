/**
 * `bun run summary`: serves the public summary from PostgreSQL to the Worker, which publishes it. The
 * summary is computed on request, at most once a second for any number of requests.
 */
import { assertSecrets } from "./host/environment.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { getLogger, startLogging } from "./lib/log.ts";
import { type StoppedError, stopSignal, untilStopped } from "./lib/stop.ts";
import { createApp } from "./summary/app.ts";
import { healthOf } from "./summary/health.ts";
import { listen } from "./summary/listen.ts";
import { SummaryMetrics } from "./summary/metrics.ts";
import { databaseOutage } from "./summary/outage.ts";
import { Preview } from "./summary/preview/preview.ts";
import { SummaryReader } from "./summary/reader.ts";
import { SharedSummary } from "./summary/shared-summary.ts";

const command = defineCommand({
  name: "summary",
  description: `Computed when someone asks, at most once a second however many do. Listens on this machine only, at
http://127.0.0.1:8085; a tunnel makes it reachable for the Worker. Runs until it is stopped (SIGINT
or SIGTERM). Settings come from the environment, see .env.example.`,
  notes: {
    ADDRESSES: `
GET /summary        totals, timeline, freshness and the ledger as JSON
GET /preview.png    the same as an image for links to the page, drawn at most once a minute
GET /metrics        for Prometheus
GET /healthz        whether it works; the only path that is open
All others need the header "Authorization: Bearer" with SUMMARY_SECRET.`,
  },
  exits: { 0: "stopped", 1: "the port is taken", 2: "wrong setting" },
  async run() {
    const config = readConfig();
    assertSecrets(config, "the summary", ["SUMMARY_SECRET", "POSTGRES_READ_PASSWORD"]);
    startLogging(config);
    const log = getLogger(["summary"]);
    const reader = new SummaryReader(config);
    const outage = databaseOutage(config);
    const metrics = new SummaryMetrics();
    const stop = stopSignal();
    const summaries = new SharedSummary(
      () => reader.read(),
      (durationMs, error) => {
        metrics.computed(durationMs, error);
        // A computation that the stop breaks off is no outage.
        if (stop.aborted) return;
        if (error === undefined) outage.end();
        else outage.begin(error);
      },
    );
    const preview = new Preview(async () => (await summaries.get()).summary);
    const health = () => healthOf(config, summaries);
    const app = createApp({ secret: config.SUMMARY_SECRET!, summaries, preview, health, metrics });
    const server = listen(config.SUMMARY_PORT, app.fetch);
    log.info("Listening", { port: config.SUMMARY_PORT });
    await untilStopped(stop);
    log.info("Stopping", { signal: (stop.reason as StoppedError).signal });
    await server.stop(true);
    await reader.close();
  },
});

await runCommand(command);
