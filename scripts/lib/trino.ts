/**
 * The only file that speaks to Trino: its statement protocol over HTTP. Rows come page by page, so
 * that a large answer takes no memory, and a query that nobody reads to its end is cancelled. Over
 * https it logs in; over http, which never leaves the machine, the name is enough.
 */

import { createHash, createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Config } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { certificateRefusal, trustedCertificates } from "./tls.ts";

/** Trino answers within about a second, with rows or without, unless it is in trouble. */
const ANSWER_MS_MAX = 30_000;
const LOCAL_MS_MAX = 10_000;
const CANCEL_MS_MAX = 2_000;
/** How often one request is repeated, with a longer pause each time, before it counts as failed. */
const RETRIES_MAX = 6;
const RETRY_MS = 50;
/** "Try again", in the words of the protocol. */
const BUSY = [429, 502, 503, 504];

/** Who asks: `query` is a person or a command, `superset` is Superset. */
export type TrinoUser = "query" | "superset";

/** Name of each user's password among the settings. */
const PASSWORDS = {
  query: "TRINO_PASSWORD",
  superset: "TRINO_SUPERSET_PASSWORD",
} as const satisfies Record<TrinoUser, keyof Config>;

export interface Page {
  columns: { name: string; type: string }[];
  /** Values as JSON has them; an integer that a number cannot hold is a bigint. */
  rows: unknown[][];
}

/** Trino cannot be asked: it is away, does not let us in, or cannot be trusted. */
export class TrinoUnreachable extends Error {
  override name = "TrinoUnreachable";
}

/** Trino has refused a query, or failed at it. */
export class TrinoQueryError extends Error {
  override name = "TrinoQueryError";
  constructor(
    message: string,
    /** Trino's own name for what is wrong, such as PERMISSION_DENIED. */
    readonly code: string,
  ) {
    super(message);
  }
}

const answerSchema = z.object({
  id: z.string(),
  nextUri: z.string().optional(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })).optional(),
  data: z.array(z.array(z.unknown())).optional(),
  error: z.object({ message: z.string(), errorName: z.string() }).optional(),
});

export interface QueryOptions {
  user?: TrinoUser;
  /** Cancels the query when it aborts. */
  signal?: AbortSignal;
}

/**
 * Runs one statement and gives its rows as they come; the first page has the columns, also when
 * there are no rows. Who stops reading, or aborts the signal, cancels it.
 * @throws TrinoQueryError when Trino refuses the statement or fails at it
 * @throws TrinoUnreachable when Trino cannot be asked
 */
export async function* queryPages(
  config: Config,
  statement: string,
  { user = "query", signal }: QueryOptions = {},
): AsyncGenerator<Page> {
  const headers = {
    ...loginHeaders(config, user),
    "x-trino-source": "real-time-data-platform",
    "x-trino-time-zone": "UTC",
  };
  const ask = async (url: string, request: RequestInit) => {
    const answer = answerSchema.parse(await send(config, url, { ...request, headers }, signal));
    assertSameOrigin(config, answer.nextUri);
    return answer;
  };
  let answer = await ask(`${trinoUrl(config)}/v1/statement`, { method: "POST", body: statement });
  let isFirst = true;
  try {
    for (;;) {
      const { columns, data = [], error, nextUri } = answer;
      if (error) {
        throw new TrinoQueryError(`Cannot run the query: ${error.message}`, error.errorName);
      }
      if (columns && (isFirst || data.length > 0)) {
        isFirst = false;
        yield { columns, rows: data };
      }
      if (nextUri === undefined) return;
      answer = await ask(nextUri, {});
    }
  } finally {
    if (answer.nextUri !== undefined) await cancel(config, answer.nextUri, headers);
  }
}

/** All rows of a short answer, by the names of their columns. */
export async function queryRows<Row>(
  config: Config,
  statement: string,
  options?: QueryOptions,
): Promise<Row[]> {
  const all: Row[] = [];
  for await (const { columns, rows } of queryPages(config, statement, options)) {
    for (const row of rows) {
      all.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])) as Row);
    }
  }
  return all;
}

/** Address of the coordinator, without a slash at its end. */
export function trinoUrl(config: Config): string {
  return config.TRINO_URL?.replace(/\/+$/, "") ?? localUrl(config, config.TRINO_PORT);
}

/** The password goes along to the next page, so that may not be elsewhere. */
function assertSameOrigin(config: Config, nextUri: string | undefined): void {
  if (nextUri === undefined) return;
  const address = trinoUrl(config);
  const origin = URL.parse(nextUri)?.origin;
  if (origin === new URL(address).origin) return;
  throw new TrinoUnreachable(
    `Cannot query Trino at ${address}: it sends on to ${origin ?? nextUri}, which gets no password; set TRINO_URL to the address that Trino knows itself by`,
  );
}

/** File with the certificate that Trino has made for itself on this machine. */
export const generatedCertificate = ({ STATE_DIR }: Config) =>
  join(STATE_DIR, "trino/certificate.pem");

/** Where the nodes of this machine are reached from it, as a URL has it. */
function localHost({ TRINO_BIND_ADDRESS: address }: Config): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}

/**
 * File with the certificates to trust for Trino: the one that is set, or the one that this machine
 * has made for itself. Nothing when they are the public ones.
 */
export function trinoAuthority(config: Config): string | undefined {
  if (config.TRINO_TLS_CA) return config.TRINO_TLS_CA;
  const isElsewhere = config.TRINO_URL || config.TRINO_TLS_CERTIFICATE;
  return isElsewhere ? undefined : generatedCertificate(config);
}

/** Address of a node of this machine, from this machine. */
export function localUrl(config: Config, port: number): string {
  const scheme = config.TRINO_SECURED === "true" ? "https" : "http";
  return `${scheme}://${localHost(config)}:${port}`;
}

const infoSchema = z.object({ starting: z.boolean() });

/** Whether the node of this machine at that port is still starting; throws while nothing answers. */
export async function nodeIsStarting(config: Config, port: number): Promise<boolean> {
  const response = await fetchLocal(config, `${localUrl(config, port)}/v1/info`);
  if (!response.ok) throw new Error(`/v1/info answers ${response.status}`);
  return infoSchema.parse(await response.json()).starting;
}

/** How long the worker has to take the word that tells it to end. */
const TOKEN_SECONDS = 30;

/**
 * Tells the worker of this machine to finish what it works on and then to end. Only a node may, so
 * this says that it is one, as nodes do: by a token signed with what they share.
 */
export async function drainWorker(config: Config): Promise<void> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const expiresAt = Math.floor(Date.now() / 1_000) + TOKEN_SECONDS;
  const content = `${part({ alg: "HS256" })}.${part({ sub: "drain", exp: expiresAt })}`;
  const key = createHash("sha256")
    .update(config.TRINO_SHARED_SECRET ?? "")
    .digest();
  const signature = createHmac("sha256", key).update(content).digest("base64url");
  const response = await fetchLocal(
    config,
    `${localUrl(config, config.TRINO_WORKER_PORT)}/v1/info/state`,
    {
      method: "PUT",
      headers: {
        "content-type": "application/json",
        "x-trino-internal-bearer": `${content}.${signature}`,
      },
      body: '"SHUTTING_DOWN"',
    },
  );
  if (response.ok) return;
  throw new Error(
    `Cannot drain the worker: it answers ${response.status} ${await response.text()}`,
  );
}

/** A request to a node by an address of this machine, which its certificate need not be for. */
function fetchLocal(config: Config, url: string, request: RequestInit = {}): Promise<Response> {
  // TRINO_URL and TRINO_TLS_CA are for the coordinator, which may be on another machine.
  const { tls } = tlsOptions(
    url,
    config.TRINO_TLS_CERTIFICATE ? trinoAuthority(config) : generatedCertificate(config),
  );
  return fetch(url, {
    ...request,
    signal: AbortSignal.timeout(LOCAL_MS_MAX),
    ...(tls && { tls: { ...tls, checkServerIdentity: () => undefined } }),
  });
}

/** @throws ConfigError when a password is needed and not set */
function loginHeaders(config: Config, user: TrinoUser): Record<string, string> {
  if (!trinoUrl(config).startsWith("https:")) return { "x-trino-user": user };
  const setting = PASSWORDS[user];
  const password = config[setting];
  if (!password) {
    throw new ConfigError(
      `Cannot log in to Trino as ${user}: ${setting} is not set; \`bun run up\` generates it`,
    );
  }
  const login = Buffer.from(`${user}:${password}`).toString("base64");
  return { authorization: `Basic ${login}`, "x-trino-user": user };
}

/** A request until it is answered; only those that change nothing are repeated after a failure. */
async function send(
  config: Config,
  url: string,
  request: RequestInit,
  signal?: AbortSignal,
): Promise<unknown> {
  const signals = () => [AbortSignal.timeout(ANSWER_MS_MAX), ...(signal ? [signal] : [])];
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt === RETRIES_MAX;
    let response: Response;
    try {
      response = await fetch(url, {
        ...request,
        signal: AbortSignal.any(signals()),
        ...tlsOptions(url, trinoAuthority(config)),
      });
      if (response.ok) return parse(await response.text());
    } catch (error) {
      signal?.throwIfAborted();
      const isSure =
        certificateRefusal(error) !== undefined || (error as Error).name === "TimeoutError";
      if (isLast || isSure || request.method === "POST") throw unreachable(config, error);
      await delay(RETRY_MS * 2 ** attempt, undefined, signal && { signal });
      continue;
    }
    if (isLast || !BUSY.includes(response.status)) throw await refusal(config, response);
    await delay(RETRY_MS * 2 ** attempt, undefined, signal && { signal });
  }
}

function tlsOptions(
  url: string,
  authority: string | undefined,
): { tls?: { ca: string | string[] } } {
  if (!url.startsWith("https:")) return {};
  if (authority && !existsSync(authority)) {
    throw new TrinoUnreachable(
      `Cannot trust Trino at ${new URL(url).origin}: there is no ${authority} yet, which Trino makes when it starts`,
    );
  }
  return {
    tls: { ca: authority ? readFileSync(authority, "utf8") : trustedCertificates(undefined) },
  };
}

async function cancel(config: Config, url: string, headers: Record<string, string>) {
  const signal = AbortSignal.timeout(CANCEL_MS_MAX);
  // One that cannot be cancelled ends by itself, since nobody asks for its rows any more.
  const options = tlsOptions(url, trinoAuthority(config));
  await fetch(url, { method: "DELETE", headers, signal, ...options }).catch(() => {});
}

/** JSON, but an integer beyond 2^53 stays exact; asking for each number's text is slow. */
function parse(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
      ? BigInt(source!)
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

async function refusal(config: Config, response: Response): Promise<Error> {
  const { status } = response;
  const said = (await response.text())
    .replace(/<[^>]*>/g, " ")
    .trim()
    .slice(0, 200);
  if (status === 401) {
    return new TrinoUnreachable(
      `Cannot log in to Trino at ${trinoUrl(config)}: ${said || "it refuses the password"}; check TRINO_PASSWORD and TRINO_URL`,
    );
  }
  return new TrinoUnreachable(
    `Cannot query Trino at ${trinoUrl(config)}: it answers ${status} ${said}`.trimEnd(),
  );
}

function unreachable(config: Config, error: unknown): Error {
  const address = trinoUrl(config);
  const { message, name } = error as Error;
  const { code } = error as { code?: unknown };
  switch (certificateRefusal(error)) {
    case "host":
      return new TrinoUnreachable(
        `Cannot trust Trino at ${address}: its certificate is for another host; name it in TRINO_URL as its certificate does, or in TRINO_TLS_NAMES`,
        { cause: error },
      );
    case "authority":
      return new TrinoUnreachable(
        `Cannot trust Trino at ${address}: ${message}; set TRINO_TLS_CA to a file with the certificate of its authority`,
        { cause: error },
      );
  }
  const reason =
    name === "TimeoutError"
      ? `no answer in ${ANSWER_MS_MAX / 1_000} s`
      : code === "ConnectionRefused" || code === "ECONNREFUSED"
        ? "nothing listens there; `bun run up trino` starts it"
        : message;
  return new TrinoUnreachable(`Cannot query Trino at ${address}: ${reason}`, { cause: error });
}
