/** What readers get of a copy: the summary with its age and whether it is stale. */
import type { PublishedSummary } from "../../../schema/summary.ts";
import type { Reading } from "../freshness/last-good.ts";
import type { SummaryText } from "../keeper/kept.ts";

/** Rounded up: an age may be less than said, never more. */
export const ageSeconds = ({ ageMs }: Reading<unknown>) => Math.ceil(ageMs / 100) / 10;

/** The JSON text, made without parsing the summary, which does not change with its age. */
export function publishedText(reading: Reading<SummaryText>): string {
  const summary = reading.value.text.slice(0, -1);
  return `${summary},"age_s":${ageSeconds(reading)},"stale":${reading.isStale}}`;
}

export const published = (reading: Reading<SummaryText>): PublishedSummary =>
  JSON.parse(publishedText(reading));

/** Names the summary and whether it is stale, but not its age, which the header `Age` says. */
export const publishedTag = ({ value, isStale }: Reading<SummaryText>) =>
  isStale ? `${value.tag}-stale` : value.tag;
