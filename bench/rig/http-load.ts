/** Puts load on an address with autocannon, in its own process, and counts the answers. */
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

export interface HttpLoad {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Requests that were answered with 200. */
  answered: number;
  /** All others: refused, timed out, or answered with another status. */
  failed: number;
}

const CONNECTIONS = 64;

/** As many requests as possible, or `requestsPerSecond`. */
export async function putLoad(
  url: string,
  options: { seconds: number; requestsPerSecond?: number },
): Promise<HttpLoad> {
  const rate = options.requestsPerSecond ? ["--overallRate", `${options.requestsPerSecond}`] : [];
  const program = Bun.spawn(
    [
      ...[process.execPath, "--no-env-file", join(ROOT, "node_modules/.bin/autocannon"), "--json"],
      ...["--connections", `${CONNECTIONS}`, "--duration", `${options.seconds}`, ...rate, url],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const text = await new Response(program.stdout).text();
  if ((await program.exited) !== 0) throw new Error(`Cannot put load on ${url}: ${text}`);
  const { requests, latency, errors, timeouts, non2xx, ...rest } = JSON.parse(text);
  return {
    requestsPerSecond: requests.average,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    answered: rest["2xx"],
    failed: errors + timeouts + non2xx,
  };
}
