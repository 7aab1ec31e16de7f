/** The badge for a README: how many events there were today. */
import type { PublishedSummary } from "../../schema/summary.ts";

export function badge(summary: PublishedSummary | undefined): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20"><text y="14">${summary?.events_today ?? "no data"}</text></svg>`;
}
