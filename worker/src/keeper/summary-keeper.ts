/**
 * The one Durable Object: asks the origin for all isolates of all data centres, and keeps the last
 * good answers where they outlive an outage of the platform and a restart of the object.
 *
 * Free plan: a summary each 10 s and a picture each minute are 10,080 of 100,000 rows a day.
 */
import { DurableObject } from "cloudflare:workers";
import { summarySchema } from "../../../schema/summary.ts";
import { LastGood, type Limits, type Loaded, type Reading } from "../freshness/last-good.ts";
import { PREVIEW_LIMITS, SUMMARY_LIMITS } from "../freshness/limits.ts";
import type { Preview, SummaryText } from "./kept.ts";
import { Origin } from "./origin.ts";
import { reportOutages } from "./outage.ts";
import { durableCopy, type Place } from "./storage.ts";

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
    this.#summaries = this.#keep(() => origin.summary(), SUMMARY_LIMITS, {
      key: "summary",
      intervalMs: SUMMARY_INTERVAL_MS,
      isValid: ({ text }) => summarySchema.safeParse(JSON.parse(text)).success,
    });
    this.#previews = this.#keep(() => origin.preview(), PREVIEW_LIMITS, {
      key: "preview",
      intervalMs: PREVIEW_INTERVAL_MS,
      isValid: ({ bytes }) => bytes.length > 0,
    });
  }

  #keep<Value>(load: () => Promise<Loaded<Value>>, limits: Limits, place: Place<Value>) {
    return new LastGood<Value>(
      {
        now: Date.now,
        pause: (ms) => scheduler.wait(ms),
        load: reportOutages(`read the ${place.key} from its origin`, load, console),
        keepAlive: (load) => this.ctx.waitUntil(load),
        store: durableCopy(this.ctx.storage.kv, place, console),
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
