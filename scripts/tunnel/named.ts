/** The named tunnel of an account: fixed addresses, set at Cloudflare. */

import { UsageError } from "../lib/errors.ts";
import { type Context, complain, report, say } from "./context.ts";
import { keepOpen } from "./keep-open.ts";
import { assertBehindProxy, checkLocal } from "./local-service.ts";
import { cloudflaredEnvironment, namedTunnel } from "./program.ts";
import { accessOf, checkSummary, checkSuperset } from "./public-address.ts";

export async function runNamedTunnel(context: Context, token: string, asksSuperset: boolean) {
  const { config, program, stop } = context;
  if (asksSuperset) {
    throw new UsageError(
      "Cannot use --superset with CLOUDFLARE_TUNNEL_TOKEN: a named tunnel has the hosts that are set at Cloudflare",
    );
  }
  // Superset has no TLS of its own, so an https address means a proxy in front of it.
  const hasSuperset = config.SUPERSET_PUBLIC_URL?.startsWith("https:") === true;
  if (hasSuperset) await assertBehindProxy(config);
  say(
    "Runs the named tunnel of CLOUDFLARE_TUNNEL_TOKEN; where its hosts lead is set at Cloudflare",
  );
  report(await checkLocal("summary", config.SUMMARY_PORT, "/healthz"));
  if (hasSuperset) report(await checkLocal("superset", config.SUPERSET_PORT, "/health"));
  await keepOpen({
    name: "the named tunnel",
    program,
    args: namedTunnel,
    environment: cloudflaredEnvironment(token),
    secret: token,
    signal: stop.signal,
    say: complain,
    onError: complain,
    onOpen: () => void reportAddresses(context),
  });
}

async function reportAddresses({ config, stop: { signal } }: Context): Promise<void> {
  const { SUMMARY_PUBLIC_URL: summary, SUPERSET_PUBLIC_URL: superset } = config;
  say(`Connected
summary   ${summary ?? "SUMMARY_PUBLIC_URL is not set: put the address there that you gave it at Cloudflare"}
superset  ${superset ?? "SUPERSET_PUBLIC_URL is not set: the public page links to no dashboard"}`);
  const findings = await Promise.all([
    summary ? checkSummary(summary, accessOf(config), signal) : [],
    superset ? checkSuperset(superset, signal) : [],
  ]);
  if (!signal.aborted) report(findings.flat());
}
