#!/usr/bin/env bun
/** `bun run tunnel`: makes the summary origin, and Superset when asked, reachable from outside. */
import { type ArgsDef, defineCommand } from "citty";
import { readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { runNamedTunnel } from "./tunnel/named.ts";
import { findCloudflared } from "./tunnel/program.ts";
import { runQuickTunnels } from "./tunnel/quick.ts";

const flags = {
  superset: {
    type: "boolean",
    description: "Quick tunnels: one to Superset too; needs SUPERSET_BEHIND_PROXY",
  },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "tunnel",
    description: `Makes the summary origin reachable for the deployed Worker, through Cloudflare.

With CLOUDFLARE_TUNNEL_TOKEN it runs that named tunnel, whose hosts are set at Cloudflare. Without, it
opens a quick tunnel, which needs no account and gets another address each time. The origin answers
nobody who does not show SUMMARY_SECRET. cloudflared/README.md goes through all of it, step by step.
Runs until it is stopped (SIGINT or SIGTERM), and starts cloudflared again when that ends.
Exit status: 0 stopped, 1 failed, 2 wrong usage or setting.`,
  },
  args: flags,
  async run({ args }) {
    const config = readConfig();
    const program = findCloudflared();
    const stop = new AbortController();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(name, () => stop.abort());
    }
    const token = config.CLOUDFLARE_TUNNEL_TOKEN;
    const context = { config, program, stop };
    if (token) await runNamedTunnel(context, token, args.superset === true);
    else await runQuickTunnels(context, args.superset === true);
  },
});

await runProgram(command);
process.exit();
