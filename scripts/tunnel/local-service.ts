/** Checks the service behind a tunnel on this machine, before anyone else can reach it. */

import { environmentFile } from "../host/environment.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { localAddress } from "../lib/web-address.ts";
import { type Finding, wrong } from "./finding.ts";

const ANSWER_MS_MAX = 5_000;

/** @throws ConfigError unless Superset, by its settings and as it runs, keeps its cookies to TLS */
export async function assertBehindProxy(config: Config): Promise<void> {
  if (config.SUPERSET_BEHIND_PROXY !== "true") {
    throw new ConfigError(`Cannot open a tunnel to Superset: SUPERSET_BEHIND_PROXY is ${config.SUPERSET_BEHIND_PROXY}, so its cookies would not be secure
Put SUPERSET_BEHIND_PROXY=true into ${environmentFile()}, then \`bun run up\`, which restarts Superset`);
  }
  const login = await ask(config.SUPERSET_PORT, "/login/").catch(() => undefined);
  const cookies = login?.headers.getSetCookie() ?? [];
  if (cookies.some((cookie) => !/;\s*secure/i.test(cookie))) {
    throw new ConfigError(
      "Cannot open a tunnel to Superset: it still runs without SUPERSET_BEHIND_PROXY; `bun run up` restarts it",
    );
  }
}

/** Returns only what is wrong: a tunnel may exist before its service does. */
export async function checkLocal(name: string, port: number, path: string): Promise<Finding[]> {
  const reason = await ask(port, path).then(
    ({ status }) => (status === 200 ? undefined : `answers ${status}`),
    () => "does not answer",
  );
  if (reason === undefined) return [];
  return [wrong(`${name} ${reason} at 127.0.0.1:${port}; \`bun run up ${name}\` starts it`)];
}

const ask = (port: number, path: string) =>
  fetch(`${localAddress(port)}${path}`, {
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
