/**
 * The one Durable Object, which asks the origin for all isolates of all data centres. It stores the
 * last good answers: they outlive an outage of the platform and a restart of the object.
 * Free plan: a summary each 10 s and a picture each minute are 10,080 of 100,000 rows a day.
 */
import { DurableObject } from "cloudflare:workers";
import { summarySchema } from "../../../schema/summary.ts";
import { LastGood, type Limits, type Loaded, type Reading } from "../freshness/last-good.ts";
import { PREVIEW_LIMITS, SUMMARY_LIMITS } from "../freshness/limits.ts";
import { reportOutages } from "../outage.ts";
import { Origin, type Preview, type SummaryText } from "./origin.ts";
import { type StoredEntryOptions, storedEntry } from "./storage.ts";

declare global {
  /** Secrets that `wrangler types` does not list, since a deployment works without them. */
  interface Env {
    ACCESS_CLIENT_ID?: string;
    ACCESS_CLIENT_SECRET?: string;
  }
}

const SUMMARY_INTERVAL_MS = 10_000;
const PREVIEW_INTERVAL_MS = 60_000;

export class SummaryKeeper extends DurableObject<Env> {
  readonly #summaries: LastGood<SummaryText>;
  readonly #previews: LastGood<Preview>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const origin = new Origin({
      url: env.SUMMARY_URL,
      secret: env.SUMMARY_SECRET,
      accessClientId: env.ACCESS_CLIENT_ID,
      accessClientSecret: env.ACCESS_CLIENT_SECRET,
    });
    this.#summaries = this.#cache(() => origin.summary(), SUMMARY_LIMITS, {
      key: "summary",
      intervalMs: SUMMARY_INTERVAL_MS,
      isValid: ({ text }) => summarySchema.safeParse(JSON.parse(text)).success,
    });
    this.#previews = this.#cache(() => origin.preview(), PREVIEW_LIMITS, {
      key: "preview",
      intervalMs: PREVIEW_INTERVAL_MS,
      isValid: ({ bytes }) => bytes.length > 0,
    });
  }

  #cache<Value>(
    load: () => Promise<Loaded<Value>>,
    limits: Limits,
    options: StoredEntryOptions<Value>,
  ) {
    return new LastGood<Value>(
      {
        now: Date.now,
        pause: (ms) => scheduler.wait(ms),
        load: reportOutages(`read the ${options.key} from its origin`, load, console),
        keepAlive: (pending) => this.ctx.waitUntil(pending),
        store: storedEntry(this.ctx.storage.kv, options, console),
      },
      limits,
    );
  }

  summary(): Promise<Reading<SummaryText> | undefined> {
    return this.#summaries.read();
  }

  preview(): Promise<Reading<Preview> | undefined> {
    return this.#previews.read();
  }
}
