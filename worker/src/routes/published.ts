/** What readers get from a cache: the summary with its age, and how long that took. */
import type { Context } from "hono";
import type { PublishedSummary } from "../../../schema/summary.ts";
import type { LastGood, Reading } from "../freshness/last-good.ts";
import type { SummaryText } from "../keeper/origin.ts";

/** Reads from the cache. The header `Server-Timing` says how long it took, and how old the value is. */
export async function timedRead<Value>(
  context: Context,
  cache: LastGood<Value>,
): Promise<Reading<Value> | undefined> {
  const startedAtMs = Date.now();
  const reading = await cache.read();
  const timings = [`keeper;desc="waited for the keeper";dur=${Date.now() - startedAtMs}`];
  if (reading) timings.push(`origin;desc="age of the numbers";dur=${Math.ceil(reading.ageMs)}`);
  context.header("server-timing", timings.join(", "));
  return reading;
}

/** Rounded up: the true age may be less, never more. */
export const ageSeconds = ({ ageMs }: Reading<unknown>) => Math.ceil(ageMs / 100) / 10;

/** JSON of the published summary. It adds the age to the text without parsing the rest. */
export function publishedText(reading: Reading<SummaryText>): string {
  const summary = reading.value.text.slice(0, -1);
  return `${summary},"age_s":${ageSeconds(reading)},"stale":${reading.isStale}}`;
}

export const published = (reading: Reading<SummaryText>): PublishedSummary =>
  JSON.parse(publishedText(reading));

/** Changes with the numbers and with `stale`, not with the age, which the header `Age` states. */
export const publishedTag = ({ value, isStale }: Reading<SummaryText>) =>
  isStale ? `${value.tag}-stale` : value.tag;
