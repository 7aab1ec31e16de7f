/** Quick tunnels: no account, no domain, another address at each start, no guarantees. */
import { environmentFile } from "../host/environment.ts";
import { type Context, complain, report, say } from "./context.ts";
import type { Finding } from "./finding.ts";
import { keepOpen } from "./keep-open.ts";
import { assertBehindProxy, checkLocal } from "./local-service.ts";
import { cloudflaredEnvironment, quickTunnel } from "./program.ts";
import { checkSummary, checkSuperset } from "./public-address.ts";

interface Target {
  name: "summary" | "superset";
  port: number;
  healthPath: string;
  /** The setting that names its public address. */
  setting: string;
  /** Further arguments of cloudflared. */
  args?: string[];
  check(address: string, signal: AbortSignal): Promise<Finding[]>;
}

/** @throws Error when one of them cannot be kept open; the other one ends, too */
export async function runQuickTunnels(context: Context, asksSuperset: boolean): Promise<void> {
  const { config, stop } = context;
  if (asksSuperset) await assertBehindProxy(config);
  const targets = targetsOf(context, asksSuperset);
  say(introduction(context, asksSuperset));
  for (const { name, port, healthPath } of targets) {
    report(await checkLocal(name, port, healthPath));
  }
  const ends = await Promise.allSettled(
    targets.map((target) =>
      keepTarget(context, target).catch((error) => {
        stop.abort();
        throw error;
      }),
    ),
  );
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

function targetsOf({ config }: Context, asksSuperset: boolean): Target[] {
  const summary: Target = {
    name: "summary",
    port: config.SUMMARY_PORT,
    healthPath: "/healthz",
    setting: "SUMMARY_PUBLIC_URL",
    // Access can stand only in front of an account's hosts.
    check: (address, signal) => checkSummary(address, {}, signal),
  };
  const superset: Target = {
    name: "superset",
    port: config.SUPERSET_PORT,
    healthPath: "/health",
    setting: "SUPERSET_PUBLIC_URL",
    // A WSGI server needs the length of a request's body.
    args: ["--no-chunked-encoding"],
    check: checkSuperset,
  };
  return asksSuperset ? [summary, superset] : [summary];
}

function introduction({ config }: Context, asksSuperset: boolean): string {
  const dashboard =
    config.SUPERSET_PUBLIC === "true"
      ? "and, because SUPERSET_PUBLIC is true, the dashboard"
      : "and nothing behind it without a password";
  return [
    "Opens quick tunnels, since CLOUDFLARE_TUNNEL_TOKEN is not set. Anyone who has the address reaches",
    "- of the summary origin: /healthz, and the numbers only with SUMMARY_SECRET",
    ...(asksSuperset ? [`- of Superset: its login ${dashboard}`] : []),
  ].join("\n");
}

function keepTarget({ config, program, stop }: Context, target: Target): Promise<void> {
  const { name, port, setting } = target;
  let former: string | undefined;
  return keepOpen({
    name: `the tunnel to ${name}`,
    program,
    args: quickTunnel(config, port, target.args),
    environment: cloudflaredEnvironment(),
    signal: stop.signal,
    say: complain,
    onError: complain,
    onOpen: (address) => {
      if (!address)
        return complain(`The tunnel to ${name} is open, but cloudflared names no address`);
      const isNew = former !== undefined && former !== address;
      former = address;
      say(`${setting}=${address}${isNew ? "  (another one than before)" : ""}
  For the Worker: put this line into ${environmentFile()} and run \`bun run worker:deploy\``);
      void target.check(address, stop.signal).then((findings) => {
        if (!stop.signal.aborted) report(findings);
      });
    },
  });
}
