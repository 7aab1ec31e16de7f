/**
 * A client of Trino. Rows come page by page, so a large answer takes no memory. A query whose rows
 * are not read to the end is cancelled.
 */

import { z } from "zod";
import type { Config } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { certificateRefusal } from "./tls.ts";
import { TrinoUnreachable, tlsOptions, trinoAuthority, trinoUrl } from "./trino-address.ts";
import { retry } from "./wait.ts";

/** Trino answers within about a second, with rows or without, unless it is in trouble. */
const ANSWER_MS_MAX = 30_000;
const CANCEL_MS_MAX = 2_000;
/** How often one request is sent, with a longer pause each time, before it counts as failed. */
const ATTEMPTS_MAX = 7;
const RETRY_MS = 50;
/** "Try again", in the words of the protocol. */
const BUSY = [429, 502, 503, 504];

/** A login of Trino: `query` is for people and commands, `superset` for Superset. */
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
 * there are no rows. Ending the loop early, or aborting the signal, cancels it.
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

/** A request until it is answered; only one that changes nothing is repeated after a failure. */
function send(
  config: Config,
  url: string,
  request: RequestInit,
  signal?: AbortSignal,
): Promise<unknown> {
  return retry(() => sendOnce(config, url, request, signal), {
    attemptsMax: ATTEMPTS_MAX,
    firstMs: RETRY_MS,
    isRetryable: (error) => error instanceof TrinoUnreachable && error.mayPass,
    signal,
  });
}

async function sendOnce(
  config: Config,
  url: string,
  request: RequestInit,
  signal?: AbortSignal,
): Promise<unknown> {
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: Response;
  try {
    response = await fetch(url, {
      ...request,
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      ...tlsOptions(url, trinoAuthority(config)),
    });
    if (response.ok) return parse(await response.text());
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TrinoUnreachable) throw error;
    throw unreachable(config, error, request.method !== "POST");
  }
  throw await refusal(config, response);
}

async function cancel(config: Config, url: string, headers: Record<string, string>) {
  const signal = AbortSignal.timeout(CANCEL_MS_MAX);
  // A query that cannot be cancelled ends a while after the last request for its rows.
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
    { mayPass: BUSY.includes(status) },
  );
}

/** `isRepeatable` says whether the same request may be sent again after a failure that may pass. */
function unreachable(config: Config, error: unknown, isRepeatable: boolean): Error {
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
  return new TrinoUnreachable(`Cannot query Trino at ${address}: ${reason}`, {
    cause: error,
    mayPass: isRepeatable && name !== "TimeoutError",
  });
}
