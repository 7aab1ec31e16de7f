/** This isolate's own copies of what the keeper has; they answer when the keeper cannot be asked. */
import { LastGood, type Reading } from "./freshness/last-good.ts";
import { PREVIEW_LIMITS, SUMMARY_LIMITS } from "./freshness/limits.ts";
import type { Preview, SummaryText } from "./keeper/kept.ts";
import { reportOutages } from "./keeper/outage.ts";

/** What the isolates ask of the Durable Object. */
interface Keeper {
  summary(): Promise<Reading<SummaryText> | undefined>;
  preview(): Promise<Reading<Preview> | undefined>;
}

export interface Copies {
  summaries: LastGood<SummaryText>;
  previews: LastGood<Preview>;
}

interface Surroundings {
  /** Asked for anew each time, since a connection to the keeper that has failed stays failed. */
  keeper(): Keeper;
  now(): number;
  pause(ms: number): Promise<unknown>;
  keepAlive(load: Promise<unknown>): void;
}

export function createCopies({ keeper, ...surroundings }: Surroundings): Copies {
  return {
    summaries: new LastGood(
      {
        ...surroundings,
        load: reportOutages(
          "ask the keeper",
          async () => present(await keeper().summary()),
          console,
        ),
      },
      SUMMARY_LIMITS,
    ),
    previews: new LastGood(
      { ...surroundings, load: async () => present(await keeper().preview()) },
      PREVIEW_LIMITS,
    ),
  };
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("it has never had an answer from its origin");
  return value;
}
