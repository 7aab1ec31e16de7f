/** What the page says about its own age, in one sentence. */
import { PAGE_STALE_AGE_MS } from "../../schema/limits.ts";
import type { PublishedSummary } from "../../schema/summary.ts";
import { formatAge, formatDate, formatTime } from "./format.ts";

export type PageState = "live" | "empty" | "paused" | "stale" | "offline" | "limited" | "none";

/** What a page has received so far. */
export interface PageData {
  /** Undefined until numbers have been published. */
  summary: PublishedSummary | undefined;
  /** Time since the summary stated its age. */
  elapsedMs: number;
  /** Failed requests in a row. */
  failures: number;
  isOnline: boolean;
  /** Whether the last response refused this address for sending too many requests. */
  isLimited?: boolean;
}

export const ageMs = ({ summary, elapsedMs }: PageData) =>
  (summary?.age_s ?? 0) * 1_000 + elapsedMs;

export function findState(data: PageData): PageState {
  const { summary, failures, isOnline, isLimited } = data;
  // A browser may be wrong about its network: only a failed request proves it.
  if (!isOnline && failures > 0) return "offline";
  if (isLimited) return "limited";
  if (!summary) return "none";
  // A page that was hidden for long is old without a failure, and asks at once when it is shown.
  if (summary.stale || (failures > 0 && ageMs(data) > PAGE_STALE_AGE_MS)) return "stale";
  if (summary.events === 0) return "empty";
  return summary.pause ? "paused" : "live";
}

/** The sentence of the status line. Its end, the age, changes as time passes. */
export function describeStatus(data: PageData): { text: string; age: string } {
  const { summary } = data;
  const age = summary ? `${formatAge(ageMs(data))} ago` : "";
  const asOf = summary ? describeTime(summary.as_of, ageMs(data)) : "";
  const from = summary ? `; these numbers are from ${asOf}, ` : ".";
  switch (findState(data)) {
    case "offline":
      return { text: `Your browser is offline${from}`, age };
    case "limited":
      return { text: `Too many requests come from your address, so this page waits${from}`, age };
    case "stale":
      return { text: `The platform cannot be reached${from}`, age };
    case "none":
      return { text: "No numbers have been published yet. This page retries automatically.", age };
    case "empty":
      return { text: "No event has come yet. Send the first ones with ", age: "" };
    case "paused":
      return { text: `${describePause(summary)}; these numbers are from ${asOf}, `, age };
    case "live":
      return { text: `Live, as of ${asOf} `, age: `(${age})` };
  }
}

/** The numbers are fresh, and stay as they are. */
function describePause(summary: PublishedSummary | undefined): string {
  if (!summary?.pause) return "";
  const { waiting_for: part, since } = summary.pause;
  const elapsedMs = Date.parse(summary.as_of) - Date.parse(since);
  return `Counting pauses since ${describeTime(since, elapsedMs)} and waits for ${part}`;
}

/** With the date unless it is today, by the clock of the numbers: the reader's may be wrong. */
function describeTime(time: string, ageMs: number): string {
  const date = formatDate(time);
  const today = formatDate(new Date(Date.parse(time) + ageMs).toISOString());
  return `${date === today ? "" : `${date}, `}${formatTime(time)} UTC`;
}
