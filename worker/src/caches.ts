/** The caches of this isolate. They still answer when the Durable Object cannot be reached. */
import { LastGood, type Reading } from "./freshness/last-good.ts";
import { PREVIEW_LIMITS, SUMMARY_LIMITS } from "./freshness/limits.ts";
import type { Preview, SummaryText } from "./keeper/origin.ts";
import { reportOutages } from "./outage.ts";

/** What an isolate requests from the Durable Object. */
interface Keeper {
  summary(): Promise<Reading<SummaryText> | undefined>;
  preview(): Promise<Reading<Preview> | undefined>;
}

export interface Caches {
  summaries: LastGood<SummaryText>;
  previews: LastGood<Preview>;
}

interface Dependencies {
  /** Called for each load: a connection to the keeper that has failed once keeps failing. */
  keeper(): Keeper;
  now(): number;
  pause(ms: number): Promise<unknown>;
  keepAlive(load: Promise<unknown>): void;
}

export function createCaches({ keeper, ...dependencies }: Dependencies): Caches {
  return {
    summaries: new LastGood(
      {
        ...dependencies,
        load: reportOutages(
          "ask the keeper",
          async () => assertPresent(await keeper().summary()),
          console,
        ),
      },
      SUMMARY_LIMITS,
    ),
    previews: new LastGood(
      { ...dependencies, load: async () => assertPresent(await keeper().preview()) },
      PREVIEW_LIMITS,
    ),
  };
}

/** @throws Error when the keeper has nothing yet */
function assertPresent<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("it has never had an answer from its origin");
  return value;
}
