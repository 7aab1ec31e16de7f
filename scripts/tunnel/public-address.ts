/**
 * Checks the platform's public addresses through Cloudflare, as a stranger and as the Worker. It
 * never sends a secret of the origin, since an address may be mistyped.
 */
import type { Config } from "../lib/config.ts";
import { until } from "../lib/wait.ts";
import { type Finding, note, ok, wrong } from "./finding.ts";

const ANSWER_MS_MAX = 10_000;
const INTERVAL_MS = 2_000;
/** A new name needs a while until every resolver knows it. */
const KNOWN_MS_MAX = 60_000;

/** The service token for Access, where the operator set one. */
type Access = Record<string, string>;

export function accessOf(config: Config): Access {
  if (!config.ACCESS_CLIENT_ID || !config.ACCESS_CLIENT_SECRET) return {};
  return {
    "cf-access-client-id": config.ACCESS_CLIENT_ID,
    "cf-access-client-secret": config.ACCESS_CLIENT_SECRET,
  };
}

export async function checkSummary(
  address: string,
  access: Access,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!address.startsWith("https:")) {
    return [wrong(`${address} has no TLS: the Worker would send its secret for everyone to read`)];
  }
  const hasToken = Object.keys(access).length > 0;
  try {
    const health = await untilAnswered(address, "/healthz", access, signal);
    if (isAccess(health)) return [refusedByAccess(address, hasToken)];
    if (health.status !== 200) return [unexpected(address, "/healthz", health.status)];
    const closed = await ask(address, "/summary", access);
    if (closed.status !== 401) {
      const answer = `${address}/summary answers ${closed.status} to a request without the secret`;
      return [wrong(`${answer}, where the summary origin answers 401; take the tunnel down`)];
    }
    const findings = [
      ok(`${address}/healthz answers`),
      ok(`${address}/summary refuses requests without SUMMARY_SECRET`),
    ];
    if (hasToken) {
      const stranger = await ask(address, "/summary", {});
      findings.push(
        isAccess(stranger)
          ? ok(`${address} is behind Access, which refuses requests without a service token`)
          : note(`${address} is not behind Access, although ACCESS_CLIENT_ID is set`),
      );
    }
    return findings;
  } catch (error) {
    return [unreachable(address, error)];
  }
}

export async function checkSuperset(address: string, signal: AbortSignal): Promise<Finding[]> {
  if (!address.startsWith("https:")) return [wrong(`${address} has no TLS`)];
  try {
    const health = await untilAnswered(address, "/health", {}, signal);
    if (isAccess(health)) return [ok(`${address} is behind Access, which asks for a login`)];
    if (health.status !== 200) return [unexpected(address, "/health", health.status)];
    const login = await ask(address, "/login/", {});
    const isSecure = login.headers.getSetCookie().every((cookie) => /;\s*secure/i.test(cookie));
    return [
      isSecure
        ? ok(`${address} shows Superset's login, to anyone`)
        : wrong(`${address} sends cookies that are not for TLS alone; set SUPERSET_BEHIND_PROXY`),
    ];
  } catch (error) {
    return [unreachable(address, error)];
  }
}

const ask = (address: string, path: string, headers: Access) =>
  fetch(new URL(path, address), {
    headers,
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });

function untilAnswered(address: string, path: string, headers: Access, signal: AbortSignal) {
  const attempt = async () => {
    const response = await ask(address, path, headers);
    // Cloudflare's network needs a moment to learn where a tunnel has connected.
    if (response.status === NO_TUNNEL) throw new Error(answered(path, response.status));
    return response;
  };
  const options = { signal, intervalMs: INTERVAL_MS };
  return until(`${address} answers`, KNOWN_MS_MAX, attempt, options);
}

/** Access redirects people to its login and refuses programs. */
const isAccess = ({ status, headers }: Response) =>
  status === 403 ||
  (status === 302 && (headers.get("location") ?? "").includes(".cloudflareaccess.com/"));

const refusedByAccess = (address: string, hasToken: boolean) =>
  wrong(
    hasToken
      ? `${address}: Access refuses the service token; its policy must have the action Service Auth and include this token`
      : `${address} is behind Access, but ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET are not set`,
  );

const NO_TUNNEL = 530;

/** Cloudflare's own answers in place of the service. */
const CAUSES: Record<number, string> = {
  404: "the tunnel has no route for this name",
  502: "the tunnel is there, but the service on this machine does not answer",
  [NO_TUNNEL]:
    "no tunnel serves this name; its record in the DNS belongs to another tunnel or to none",
};

const answered = (path: string, status: number) =>
  `${path} answers ${status}${CAUSES[status] ? `: ${CAUSES[status]}` : ""}`;

const unexpected = (address: string, path: string, status: number) =>
  wrong(address + answered(path, status));

const unreachable = (address: string, error: unknown) =>
  wrong(`${address} cannot be reached from here: ${(error as Error).message}`);
