/**
 * The client of the summary origin. Any response but the expected one is an error, never passed on to
 * readers. Its message tells an operator what to mend, and never holds the secret.
 */
import { AGE_HEADER, summarySchema } from "../../../schema/summary.ts";
import type { Loaded } from "../freshness/last-good.ts";

const RESPONSE_MS_MAX = 2_500;
const SUMMARY_BYTES_MAX = 256 * 1024;
const PREVIEW_BYTES_MAX = 512 * 1024;
const TAG_BYTES = 12;

/** A summary that has passed the schema, as the JSON text that readers get. */
export interface SummaryText {
  text: string;
  /** Hash of the text. */
  tag: string;
}

/** The picture for link previews, a PNG. */
export interface Preview {
  bytes: Uint8Array<ArrayBuffer>;
  /** Hash of the bytes. */
  tag: string;
}

export interface OriginSettings {
  url: string;
  secret: string;
  /** The service token for Cloudflare Access in front of the origin. */
  accessClientId?: string | undefined;
  accessClientSecret?: string | undefined;
}

interface Resource {
  path: string;
  contentType: string;
  bytesMax: number;
}

export class Origin {
  readonly #settings: OriginSettings;

  constructor(settings: OriginSettings) {
    this.#settings = settings;
  }

  async summary(): Promise<Loaded<SummaryText>> {
    const { bytes, ageMs } = await this.#get({
      path: "/summary",
      contentType: "application/json",
      bytesMax: SUMMARY_BYTES_MAX,
    });
    if (ageMs === undefined) throw new Error(`it does not say its age in ${AGE_HEADER}`);
    // Written from the parsed summary, so that no field outside the schema is published.
    const text = JSON.stringify(parseSummary(new TextDecoder().decode(bytes)));
    return { value: { text, tag: await tagOf(new TextEncoder().encode(text)) }, ageMs };
  }

  async preview(): Promise<Loaded<Preview>> {
    const { bytes, ageMs = 0 } = await this.#get({
      path: "/preview.png",
      contentType: "image/png",
      bytesMax: PREVIEW_BYTES_MAX,
    });
    return { value: { bytes, tag: await tagOf(bytes) }, ageMs };
  }

  async #get({ path, contentType, bytesMax }: Resource) {
    const response = await fetch(this.#settings.url.replace(/\/+$/, "") + path, {
      headers: this.#headers(),
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(RESPONSE_MS_MAX),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(refusal(response));
    }
    const type = response.headers.get("content-type")?.split(";")[0] ?? "nothing";
    if (type !== contentType) {
      await response.body?.cancel();
      throw new Error(`it sends ${type} instead of ${contentType}`);
    }
    return { bytes: await readAtMost(bytesMax, response), ageMs: ageOf(response) };
  }

  #headers(): Record<string, string> {
    const { secret, accessClientId, accessClientSecret } = this.#settings;
    return {
      authorization: `Bearer ${secret}`,
      ...(accessClientId && { "cf-access-client-id": accessClientId }),
      ...(accessClientSecret && { "cf-access-client-secret": accessClientSecret }),
    };
  }
}

function refusal({ status, headers }: Response): string {
  if (status >= 300 && status < 400) {
    // Only the host: the rest of the address may hold a token.
    const host = /^https?:\/\/([^/?#]+)/.exec(headers.get("location") ?? "")?.[1] ?? "another page";
    return `it sends its visitors to ${host}, as Cloudflare Access does when ACCESS_CLIENT_ID or ACCESS_CLIENT_SECRET is wrong or has no policy`;
  }
  if (status === 401) return "it answers 401, so its SUMMARY_SECRET differs from the Worker's";
  if (status === 403)
    return "it answers 403, as Cloudflare Access does to a client that no policy allows";
  return `it answers ${status}`;
}

/** Stops reading at the limit, so that no response can fill the memory. */
async function readAtMost(bytesMax: number, { body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > bytesMax) throw new Error(`it sends more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function ageOf({ headers }: Response): number | undefined {
  const text = headers.get(AGE_HEADER);
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function parseSummary(text: string) {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error("what it sends is not JSON");
  }
  const parsed = summarySchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") || "the whole";
  throw new Error(`what it sends is no summary: ${path}: ${issue?.message}`);
}

async function tagOf(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes), 0, TAG_BYTES);
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
