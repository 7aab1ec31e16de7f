/** `bun run tunnel`: makes the summary origin, and Superset when asked, reachable from outside. */
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { toggle } from "./lib/flags.ts";
import { stopSignal } from "./lib/stop.ts";
import { runNamedTunnel } from "./tunnel/named.ts";
import { findCloudflared } from "./tunnel/program.ts";
import { runQuickTunnels } from "./tunnel/quick.ts";

const command = defineCommand({
  name: "tunnel",
  description: `With CLOUDFLARE_TUNNEL_TOKEN it runs that named tunnel, whose hosts are set at Cloudflare. Without, it
opens a quick tunnel, which needs no account and gets another address each time. The summary answers
only requests with SUMMARY_SECRET. cloudflared/README.md goes through all of it, step by step.
Runs until it is stopped (SIGINT or SIGTERM), and starts cloudflared again when that ends.`,
  flags: {
    superset: toggle("Quick tunnels: one to Superset too; needs SUPERSET_BEHIND_PROXY"),
  },
  exits: { 0: "stopped", 1: "failed" },
  async run({ flags: { superset } }) {
    const config = readConfig();
    const program = findCloudflared();
    const stop = new AbortController();
    stopSignal(["SIGINT", "SIGTERM", "SIGHUP"]).addEventListener("abort", () => stop.abort());
    const token = config.CLOUDFLARE_TUNNEL_TOKEN;
    const context = { config, program, stop };
    if (token) await runNamedTunnel(context, token, superset);
    else await runQuickTunnels(context, superset);
  },
});

await runCommand(command);
