/** What the page says about its own age, in one sentence. */
import { PAGE_STALE_AGE_MS } from "../../../schema/limits.ts";
import type { PublishedSummary } from "../../../schema/summary.ts";
import { formatAge, formatDate, formatTime } from "./format.ts";

export type PageState = "live" | "empty" | "stale" | "offline" | "limited" | "none";

/** The numbers a page has, and how it came by them. */
export interface Copy {
  /** Nothing while no numbers have ever been published. */
  summary: PublishedSummary | undefined;
  /** Since the summary said how old it was. */
  elapsedMs: number;
  /** Requests in a row that brought no answer. */
  failures: number;
  isOnline: boolean;
  /** Whether the last answer was that this address asks too often. */
  isLimited?: boolean;
}

export const ageMs = ({ summary, elapsedMs }: Copy) => (summary?.age_s ?? 0) * 1_000 + elapsedMs;

export function findState(copy: Copy): PageState {
  const { summary, failures, isOnline } = copy;
  // What a browser thinks of its network may be wrong: only a failure proves it.
  if (!isOnline && failures > 0) return "offline";
  if (copy.isLimited) return "limited";
  if (!summary) return "none";
  // A page that was hidden for long is old without any failure; it renews itself at once.
  if (summary.stale || (failures > 0 && ageMs(copy) > PAGE_STALE_AGE_MS)) return "stale";
  return summary.events === 0 ? "empty" : "live";
}

/** The sentence of the banner, and its end, which changes as time passes. */
export function describeStatus(copy: Copy): { text: string; age: string } {
  const { summary } = copy;
  const age = summary ? `${formatAge(ageMs(copy))} ago` : "";
  const asOf = summary ? describeTime(summary.as_of, ageMs(copy)) : "";
  const from = summary ? `; these numbers are from ${asOf}, ` : ".";
  switch (findState(copy)) {
    case "offline":
      return { text: `Your browser is offline${from}`, age };
    case "limited":
      return { text: `Too many requests come from your address, so this page waits${from}`, age };
    case "stale":
      return { text: `The platform cannot be reached${from}`, age };
    case "none":
      return { text: "No numbers have been published yet. This page asks again by itself.", age };
    case "empty":
      return { text: "No event has come yet. Send the first ones with ", age: "" };
    case "live":
      return { text: `Live, as of ${asOf} `, age: `(${age})` };
  }
}

/** With its day unless that is today, by the clock of the numbers: a reader's own may be wrong. */
function describeTime(time: string, ageMs: number): string {
  const date = formatDate(time);
  const today = formatDate(new Date(Date.parse(time) + ageMs).toISOString());
  return `${date === today ? "" : `${date}, `}${formatTime(time)} UTC`;
}
