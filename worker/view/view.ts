/**
 * Everything on the page that depends on the numbers, by the name of its slot. The server writes it
 * into the HTML, and the browser later into the same slots, so that the two never differ in a word. A
 * slot without a number holds a dash.
 */
import type { TypeCounts } from "../../schema/event-types.ts";
import { TOP_USERS_MAX } from "../../schema/limits.ts";
import type { PublishedSummary, Summary } from "../../schema/summary.ts";
import { SHOWN_TYPES } from "./event-types.ts";
import {
  formatAge,
  formatCount,
  formatDuration,
  formatMinute,
  formatPerHundred,
  formatShare,
  NO_VALUE,
} from "./format.ts";
import { describeLedger, isExact } from "./ledger.ts";
import { ageMs, describeStatus, findState, type PageData } from "./status.ts";
import { describeTimeline, sumTimeline } from "./timeline.ts";

/** A piece of a bar, in percent of the bar's length. */
interface Piece {
  start: number;
  length: number;
}

export interface View {
  texts: Record<string, string>;
  pieces: Record<string, Piece>;
  /** States that change how an element looks. */
  states: Record<string, string>;
  /** Whether an element that is hidden at times is shown. */
  shown: Record<string, boolean>;
}

/** What depends on the numbers alone. `describeAge` gives the rest. */
export function describeNumbers(summary: PublishedSummary | undefined): View {
  const view: View = { texts: {}, pieces: {}, states: {}, shown: {} };
  view.shown.users = summary?.top_users != null;
  const once = summary && isExact(summary.ledger) ? "counted once, " : "";
  view.texts.lead = `Every view, click and purchase, ${once}seconds after it happens.`;
  if (!summary) {
    Object.assign(view.texts, { "ledger.equation": "", "ledger.explanation": "" });
    return view;
  }
  describeTotals(view, summary);
  describeTypes(view, summary.events_by_type);
  describeHops(view, summary.freshness);
  describeMinutes(view, summary.timeline);
  describeUsers(view, summary.top_users ?? []);
  const ledger = describeLedger(summary.ledger);
  view.states.ledger = ledger.state;
  Object.assign(view.texts, {
    "ledger.title": ledger.title,
    "ledger.equation": ledger.equation,
    "ledger.explanation": ledger.explanation,
  });
  return view;
}

/** What changes each second, although the numbers do not. */
export function describeAge(data: PageData): View {
  const { summary } = data;
  const state = findState(data);
  const status = describeStatus(data);
  const since = (time: string | null | undefined) =>
    summary && time
      ? formatAge(Date.parse(summary.as_of) - Date.parse(time) + ageMs(data))
      : NO_VALUE;
  return {
    texts: {
      "status.text": status.text,
      "status.age": status.age,
      "hop.page": summary ? formatAge(ageMs(data)) : NO_VALUE,
      newest: summary?.freshness.newest_event_at
        ? `The newest event happened ${since(summary.freshness.newest_event_at)} ago.`
        : "",
      settled: !summary
        ? ""
        : summary.freshness.settled_at
          ? `dbt settled the books ${since(summary.freshness.settled_at)} ago; what came later is read live.`
          : "dbt has settled nothing yet; everything is read live.",
    },
    pieces: {},
    states: { status: state },
    shown: { command: state === "empty" },
  };
}

function describeTotals({ texts }: View, summary: Summary): void {
  texts.events = formatCount(summary.events);
  texts.today = formatCount(summary.events_today);
  texts.users = formatCount(summary.users);
  texts.conversion = formatPerHundred(summary.conversion_rate);
}

function describeTypes({ texts, pieces }: View, byType: TypeCounts): void {
  const all = byType.view + byType.click + byType.purchase;
  const largest = Math.max(...Object.values(byType));
  let start = 0;
  for (const { type } of SHOWN_TYPES) {
    const length = percent(byType[type], all);
    texts[`${type}.count`] = formatCount(byType[type]);
    texts[`${type}.share`] = formatShare(byType[type], all);
    pieces[`type.${type}`] = { start, length };
    start += length;
    // Types are independent of each other: there may be more clicks than views.
    const perView = byType.view === 0 ? null : byType[type] / byType.view;
    texts[`${type}.perHundred`] = formatPerHundred(perView);
    pieces[`funnel.${type}`] = { start: 0, length: percent(byType[type], largest) };
  }
}

function describeHops({ texts }: View, freshness: Summary["freshness"]): void {
  texts["hop.kafka"] = formatDuration(freshness.event_to_kafka_ms);
  texts["hop.tables"] = formatDuration(freshness.kafka_to_table_ms);
  texts["hop.summary"] = formatDuration(freshness.summary_ms);
}

/** Newest first, as people read a table. */
function describeMinutes({ texts, shown }: View, timeline: Summary["timeline"]): void {
  const sum = sumTimeline(timeline);
  texts.timeline = describeTimeline(timeline);
  for (const { type } of SHOWN_TYPES) texts[`hour.${type}`] = formatCount(sum[type]);
  shown.quiet = sum.view + sum.click + sum.purchase === 0;
  for (const [index, row] of timeline.toReversed().entries()) {
    texts[`minute.${index}`] = formatMinute(row.minute);
    for (const { type } of SHOWN_TYPES) {
      texts[`minute.${index}.${type}`] = formatCount(row[type]);
    }
  }
}

function describeUsers({ texts, pieces, shown }: View, users: TopUsers): void {
  const largest = users[0]?.events ?? 0;
  for (let index = 0; index < TOP_USERS_MAX; index++) shown[`user.${index}`] = index < users.length;
  for (const [index, user] of users.entries()) {
    const row = `user.${index}`;
    texts[row] = `User ${user.user_id}`;
    texts[`${row}.events`] = formatCount(user.events);
    let start = 0;
    for (const { type } of SHOWN_TYPES) {
      texts[`${row}.${type}`] = formatCount(user[type]);
      const length = percent(user[type], largest);
      pieces[`${row}.${type}`] = { start, length };
      start += length;
    }
  }
}

type TopUsers = NonNullable<Summary["top_users"]>;

/** Two decimals are as exact as a bar can be drawn. */
const percent = (part: number, whole: number) =>
  whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
