/**
 * Requests to the Trino nodes. A node of this machine is asked whether it is starting, and a worker
 * is told to end. The coordinator is asked whether it has the worker under watch.
 */
import { createHash } from "node:crypto";
import { sign } from "hono/jwt";
import { z } from "zod";
import type { Config } from "../scripts/lib/config.ts";
import {
  generatedCertificate,
  localUrl,
  tlsOptions,
  trinoAuthority,
  trinoUrl,
} from "../scripts/lib/trino-address.ts";

const ANSWER_MS_MAX = 10_000;
/** The longest time for the worker to accept the token that ends it. */
const TOKEN_SECONDS = 30;

const infoSchema = z.object({ starting: z.boolean() });
const watchSchema = z.array(z.object({ uri: z.string() }));

/**
 * Whether the node of this machine at that port is still starting; throws while nothing answers.
 */
export async function nodeIsStarting(config: Config, port: number): Promise<boolean> {
  const response = await fetchLocal(config, `${localUrl(config, port)}/v1/info`);
  if (!response.ok) throw new Error(`/v1/info answers ${response.status}`);
  return infoSchema.parse(await response.json()).starting;
}

/**
 * Asks the worker of this machine to finish its work and then end. Only a node may do that, so the
 * request carries a node's proof: a token signed with the shared secret.
 */
export async function drainWorker(config: Config): Promise<void> {
  const url = `${localUrl(config, config.TRINO_WORKER_PORT)}/v1/info/state`;
  const response = await fetchLocal(config, url, {
    method: "PUT",
    headers: {
      "content-type": "application/json",
      "x-trino-internal-bearer": await nodeToken(config),
    },
    body: '"SHUTTING_DOWN"',
  });
  if (response.ok) return;
  throw new Error(
    `Cannot drain the worker: it answers ${response.status} ${await response.text()}`,
  );
}

/**
 * Whether the coordinator pings the worker at that address and counts it as alive. A new worker gets
 * work for a moment, then none until the coordinator has pinged it for five seconds.
 */
export async function isWatched(config: Config, uri: string): Promise<boolean> {
  const [all, failed] = await Promise.all(
    ["", "/failed"].map((path) => timesListed(config, uri, `${trinoUrl(config)}/v1/node${path}`)),
  );
  // A worker that has left stays in both lists for ten minutes, also after it came back.
  return all! > failed!;
}

async function timesListed(config: Config, uri: string, url: string): Promise<number> {
  const response = await fetch(url, {
    headers: { "x-trino-internal-bearer": await nodeToken(config) },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...tlsOptions(url, trinoAuthority(config)),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status} ${await response.text()}`);
  const nodes = watchSchema.parse(await response.json());
  return nodes.filter((node) => new URL(node.uri).origin === uri).length;
}

/** Trino signs with the hash of the shared secret, not with the secret itself. */
async function nodeToken({ TRINO_SHARED_SECRET = "" }: Config): Promise<string> {
  const hash = createHash("sha256").update(TRINO_SHARED_SECRET).digest();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", hash, algorithm, false, ["sign"]);
  const expiresAt = Math.floor(Date.now() / 1_000) + TOKEN_SECONDS;
  return sign({ sub: "platform", exp: expiresAt }, key, "HS256");
}

/** A request to a node at an address of this machine, which its certificate need not name. */
function fetchLocal(config: Config, url: string, request: RequestInit = {}): Promise<Response> {
  // TRINO_URL and TRINO_TLS_CA are for the coordinator, which may be on another machine.
  const { tls } = tlsOptions(
    url,
    config.TRINO_TLS_CERTIFICATE ? trinoAuthority(config) : generatedCertificate(config),
  );
  return fetch(url, {
    ...request,
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...(tls && { tls: { ...tls, checkServerIdentity: () => undefined } }),
  });
}
