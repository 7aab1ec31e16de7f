#!/usr/bin/env bun
/** `bun run worker:dev`: the Worker on this machine, in the runtime that Cloudflare runs. */
import { join } from "node:path";
import { defineCommand } from "citty";
import { type Config, readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { assertSecrets } from "./stack/environment.ts";
import { dataFolder } from "./stack/folders.ts";
import { prepareWorker } from "./worker/prepare.ts";
import { serveWorker } from "./worker/serve.ts";

const MINUTE_MS = 60_000;

const command = defineCommand({
  meta: {
    name: "worker:dev",
    description: `Serves the Worker on this machine, in the runtime that Cloudflare runs.

Runs until it is stopped (SIGINT or SIGTERM). Reads the summary from SUMMARY_URL, else from the
origin that \`up\` starts; answers on WORKER_PORT, on this machine only. What it keeps is in
STATE_DIR/worker. Clients are not counted here: the limit is wrangler.jsonc's, and Cloudflare's.
Exit status: 0 stopped, 1 failed, 2 wrong setting.`,
  },
  async run() {
    const config = readConfig();
    assertSecrets(config, "the Worker", ["SUMMARY_SECRET"]);
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    const state = dataFolder(config, "worker");
    const folder = join(state, "build");
    await prepareWorker(folder);
    const worker = await serveWorker({
      folder,
      stateFolder: join(state, "kept"),
      port: config.WORKER_PORT,
      bindings: bindingsOf(config),
      onLog: console.log,
    });
    console.log(`The Worker answers at ${worker.url}`);
    const wake = () => worker.wake().catch((error: Error) => console.log(error.message));
    void wake();
    const timer = setInterval(wake, MINUTE_MS);
    await stopped;
    clearInterval(timer);
    await worker.stop();
  },
});

function bindingsOf(config: Config): Record<string, string> {
  return {
    SUMMARY_URL: config.SUMMARY_URL ?? `http://127.0.0.1:${config.SUMMARY_PORT}`,
    SUPERSET_URL: config.SUPERSET_PUBLIC_URL ?? `http://127.0.0.1:${config.SUPERSET_PORT}`,
    SUMMARY_SECRET: config.SUMMARY_SECRET ?? "",
    ...(config.ACCESS_CLIENT_ID && { ACCESS_CLIENT_ID: config.ACCESS_CLIENT_ID }),
    ...(config.ACCESS_CLIENT_SECRET && { ACCESS_CLIENT_SECRET: config.ACCESS_CLIENT_SECRET }),
  };
}

await runProgram(command);
process.exit();
