/**
 * Stands in for cloudflared, which machines in CI cannot fetch. It takes the same arguments, writes
 * the log lines of cloudflared's documentation and source, and answers on its metrics port. It
 * opens no tunnel. A folder holds its instructions and a record of each start.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Behaviour, Start } from "./cloudflared.ts";

const [folder, ...args] = process.argv.slice(2) as [string, ...string[]];
const behaviour: Behaviour = JSON.parse(readFileSync(join(folder, "behaviour.json"), "utf8"));
const startsFile = join(folder, "starts.jsonl");
const start: Start = { args, environment: process.env, processId: process.pid };
appendFileSync(startsFile, `${JSON.stringify(start)}\n`);
const number = readFileSync(startsFile, "utf8").trimEnd().split("\n").length;

const write = (line: string) => process.stderr.write(`2026-02-21T14:24:06Z ${line}\n`);
const isQuick = args.includes("--url");
const hostname = `stand-in-number-${number}.trycloudflare.com`;

if (behaviour.isTokenWrong) {
  process.stderr.write(
    "Provided Tunnel token is not valid.\nSee 'cloudflared tunnel run --help'.\n",
  );
  process.exit(255);
}
if (isQuick) {
  write("INF Requesting new quick Tunnel on trycloudflare.com...");
  if (number <= (behaviour.failures ?? 0)) {
    process.stderr.write(
      'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": no such host\n',
    );
    process.exit(1);
  }
  if (!behaviour.isAddressUntold) {
    const text =
      "Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):";
    write(`INF |  ${text}  |`);
    write(`INF |  ${`https://${hostname}`.padEnd(text.length)}  |`);
  }
}
if (behaviour.saysToken) write(`ERR a line with ${process.env.TUNNEL_TOKEN} in it`);

const [host, port] = args[args.indexOf("--metrics") + 1]!.split(":");
Bun.serve({
  hostname: host!,
  port: Number(port),
  routes: {
    "/ready": () => Response.json({ status: 200, readyConnections: 1 }),
    "/quicktunnel": () => Response.json({ hostname: isQuick ? hostname : "" }),
  },
});
write("INF Registered tunnel connection connIndex=0 event=0 ip=198.41.192.167 protocol=quic");

process.on("SIGTERM", () => {
  write("INF Initiating graceful shutdown due to signal terminated ...");
  if (!behaviour.ignoresSignals) process.exit(0);
});
process.on("SIGINT", () => {});
