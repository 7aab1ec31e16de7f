/** `bun run worker:deploy`: puts the Worker and its page on Cloudflare's network. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBundle } from "../worker/build/bundle.ts";
import { deploy } from "../worker/build/deploy.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { toggle } from "./lib/flags.ts";
import { stopSignal } from "./lib/stop.ts";

const command = defineCommand({
  name: "worker:deploy",
  description: `The Worker there asks the summary at SUMMARY_PUBLIC_URL, such as the address of a tunnel. Needs an
account: CLOUDFLARE_API_TOKEN, or once \`bunx --bun wrangler login\`. SUMMARY_SECRET and the service
token for Cloudflare Access, when one is set, become secrets of the Worker; those that are no longer
set are deleted there. May be repeated; readers notice nothing.`,
  flags: { "dry-run": toggle("Only build what would be deployed; needs no account") },
  exits: { 0: "done", 1: "failed", 130: "stopped by SIGINT", 143: "stopped by SIGTERM" },
  async run({ flags: { "dry-run": isDryRun } }) {
    const stop = stopSignal();
    const scratch = mkdtempSync(join(tmpdir(), "worker-deploy-"));
    // The secrets are in there, so it goes also when a second signal ends the process.
    process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
    try {
      if (isDryRun) {
        await buildBundle(scratch, stop);
        console.log("The Worker can be deployed");
      } else {
        await deploy(readConfig(), { scratch, signal: stop });
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
    if (stop.aborted) console.error("A deployment may be done or not; repeat it");
    stop.throwIfAborted();
  },
});

await runCommand(command);
