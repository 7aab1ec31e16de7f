/**
 * Requests to the Trino nodes of this machine, each at its own port: whether a node is starting,
 * and that the worker must end.
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
} from "../scripts/lib/trino-address.ts";

const ANSWER_MS_MAX = 10_000;
/** The longest time for the worker to accept the token that ends it. */
const TOKEN_SECONDS = 30;

const infoSchema = z.object({ starting: z.boolean() });

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

/** Trino signs with the hash of the shared secret, not with the secret itself. */
async function nodeToken({ TRINO_SHARED_SECRET = "" }: Config): Promise<string> {
  const hash = createHash("sha256").update(TRINO_SHARED_SECRET).digest();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", hash, algorithm, false, ["sign"]);
  const expiresAt = Math.floor(Date.now() / 1_000) + TOKEN_SECONDS;
  return sign({ sub: "drain", exp: expiresAt }, key, "HS256");
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
