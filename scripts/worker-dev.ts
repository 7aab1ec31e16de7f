/** `bun run worker:dev`: the Worker on this machine, in the runtime that Cloudflare runs. */
import { join } from "node:path";
import { buildWorker } from "../worker/build/build.ts";
import { assertPortIsFree, type ServedWorker, serveWorker } from "../worker/build/serve.ts";
import { rebuildOnChange } from "../worker/build/watch.ts";
import { assertSecrets } from "./host/environment.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { toggle } from "./lib/flags.ts";
import { dataFolder } from "./lib/local-data.ts";
import { stopSignal } from "./lib/stop.ts";
import { pause } from "./lib/wait.ts";
import { summaryUrl, webAddress } from "./lib/web-address.ts";

const CHECKS_PER_MINUTE = 6;

const command = defineCommand({
  name: "worker:dev",
  description: `In workerd, the runtime that Cloudflare runs. Reads the summary from SUMMARY_URL, by default from the
origin that \`up\` starts. Answers on WORKER_PORT, on this machine only. Its storage is
STATE_DIR/worker. The rate limit of wrangler.jsonc does not apply here. Runs until it is stopped.`,
  flags: { watch: toggle("Build it again when a file of worker/ or schema/ changes") },
  examples: [["WORKER_PORT=8790 bun run worker:dev --watch", "beside a running stack, for edits"]],
  exits: { 0: "stopped", 1: "failed", 2: "wrong flag or setting" },
  async run({ flags: { watch } }) {
    const config = readConfig();
    assertSecrets(config, "the Worker", ["SUMMARY_SECRET"]);
    const stop = stopSignal();
    // A folder for each port, so that a second Worker leaves the first alone.
    const parent = join(dataFolder(config, "worker"), String(config.WORKER_PORT));
    const folders = [join(parent, "build"), join(parent, "next-build")] as const;
    await assertPortIsFree(config.WORKER_PORT);
    await buildWorker(folders[0]);
    if (stop.aborted) return;
    const worker = await serveWorker({
      folder: folders[0],
      stateFolder: join(parent, "kept"),
      port: config.WORKER_PORT,
      bindings: bindingsOf(config),
      onLog: console.log,
    });
    console.log(`The Worker answers at ${worker.url}`);
    if (watch) rebuildOnChange(worker, folders, stop);
    try {
      await keepServing(worker, stop);
    } finally {
      await worker.stop();
    }
  },
});

/** Runs the cron trigger each minute, as Cloudflare does. Rejects when the runtime does not recover. */
async function keepServing(worker: ServedWorker, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    if (round % CHECKS_PER_MINUTE === 0) {
      await worker.runCron().catch((error: Error) => console.log(error.message));
    }
    await pause(60_000 / CHECKS_PER_MINUTE, signal).catch(() => {});
    if (!signal.aborted) await worker.untilReady();
  }
}

function bindingsOf(config: Config): Record<string, string> {
  return {
    SUMMARY_URL: summaryUrl(config),
    SUPERSET_URL: config.SUPERSET_PUBLIC_URL ?? webAddress(config, config.SUPERSET_PORT),
    SUMMARY_SECRET: config.SUMMARY_SECRET ?? "",
    ...(config.ACCESS_CLIENT_ID && { ACCESS_CLIENT_ID: config.ACCESS_CLIENT_ID }),
    ...(config.ACCESS_CLIENT_SECRET && { ACCESS_CLIENT_SECRET: config.ACCESS_CLIENT_SECRET }),
  };
}

await runCommand(command);
