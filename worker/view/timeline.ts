/** The last hour, as the chart draws it. */
import type { Summary } from "../../schema/summary.ts";
import { type EventType, SHOWN_TYPES } from "./event-types.ts";
import { formatCount, formatMinute } from "./format.ts";

export interface TimelineData {
  /** When the minute of each bar began, as "12:34". */
  labels: string[];
  /** Counts of each type at each bar, in the order of `SHOWN_TYPES`: from the bottom of a stack up. */
  counts: number[][];
}

/** Minutes between two labels of the axis: few enough labels for a phone. */
const AXIS_MINUTES = 10;

export function timelineData(timeline: Summary["timeline"]): TimelineData {
  return {
    labels: timeline.map(({ minute }) => formatMinute(minute)),
    counts: SHOWN_TYPES.map(({ type }) => timeline.map((row) => row[type])),
  };
}

/** Minutes at the right end without a label, since it would be cut off. */
const END_MINUTES = 4;

/** The label below the bar with this index: its minute, when that is a round one. */
export function axisLabel(labels: string[], index: number): string {
  const label = labels[index] ?? "";
  const isRound = Number(label.slice(3)) % AXIS_MINUTES === 0;
  return isRound && index < labels.length - END_MINUTES ? label : "";
}

/** Events of the last hour by type. */
export function sumTimeline(timeline: Summary["timeline"]): Record<EventType, number> {
  const sum = { view: 0, click: 0, purchase: 0 };
  for (const row of timeline) for (const { type } of SHOWN_TYPES) sum[type] += row[type];
  return sum;
}

/** What the chart shows, for people who cannot see it. */
export function describeTimeline(timeline: Summary["timeline"]): string {
  const sum = sumTimeline(timeline);
  const parts = SHOWN_TYPES.map(
    ({ type, plural }) => `${formatCount(sum[type])} ${plural.toLowerCase()}`,
  );
  const [first, last] = [timeline[0]!, timeline.at(-1)!];
  return `Events per minute from ${formatMinute(first.minute)} to ${formatMinute(last.minute)} UTC: ${parts.join(", ")} in all. The table below has each minute.`;
}
