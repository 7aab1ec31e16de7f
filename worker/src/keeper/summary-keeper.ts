/**
 * The one Durable Object: asks the origin for all isolates of all data centres, and keeps the last
 * good answers where they outlive an outage of the platform and a restart of the object.
 *
 * Free plan: a summary each 10 s and a picture each minute are 10,080 of 100,000 rows a day.
 */
import { DurableObject } from "cloudflare:workers";
import { summarySchema } from "../../../schema/summary.ts";
import { LastGood, type Reading } from "../freshness/last-good.ts";
import { PREVIEW_LIMITS, SUMMARY_LIMITS } from "../freshness/limits.ts";
import type { Preview, SummaryText } from "./kept.ts";
import { Origin } from "./origin.ts";
import { reportOutages } from "./outage.ts";
import { durableCopy } from "./storage.ts";

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
    const surroundings = {
      now: Date.now,
      pause: (ms: number) => scheduler.wait(ms),
      keepAlive: (load: Promise<void>) => ctx.waitUntil(load),
    };
    this.#summaries = new LastGood(
      {
        ...surroundings,
        load: reportOutages("read the summary from its origin", () => origin.summary(), console),
        store: durableCopy<SummaryText>(ctx.storage.kv, {
          key: "summary",
          intervalMs: SUMMARY_INTERVAL_MS,
          isValid: ({ text }) => summarySchema.safeParse(JSON.parse(text)).success,
        }),
      },
      SUMMARY_LIMITS,
    );
    this.#previews = new LastGood(
      {
        ...surroundings,
        load: reportOutages("read the preview from its origin", () => origin.preview(), console),
        store: durableCopy<Preview>(ctx.storage.kv, {
          key: "preview",
          intervalMs: PREVIEW_INTERVAL_MS,
          isValid: ({ bytes }) => bytes.length > 0,
        }),
      },
      PREVIEW_LIMITS,
    );
  }

  summary(): Promise<Reading<SummaryText> | undefined> {
    return this.#summaries.read();
  }

  preview(): Promise<Reading<Preview> | undefined> {
    return this.#previews.read();
  }
}
