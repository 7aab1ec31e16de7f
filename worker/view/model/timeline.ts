/** The last hour as the chart draws it. */
import type { Summary } from "../../../schema/summary.ts";
import { EVENT_TYPES, type EventType } from "./event-types.ts";
import { formatCount, formatMinute } from "./format.ts";

export interface TimelineData {
  /** One for each bar: when its minute began, as "12:34". */
  labels: string[];
  /** From the bottom of the stack to its top. */
  series: { type: EventType; counts: number[] }[];
}

/** A label on the axis each so many minutes: few enough for the width of a phone. */
const AXIS_MINUTES = 10;

export function timelineData(timeline: Summary["timeline"]): TimelineData {
  return {
    labels: timeline.map(({ minute }) => formatMinute(minute)),
    series: EVENT_TYPES.map(({ type }) => ({ type, counts: timeline.map((row) => row[type]) })),
  };
}

/** A label so near to the right end would be cut off there. */
const END_MINUTES = 4;

/** What the axis says below the bar at this place: its minute, if it is a round one. */
export function axisLabel(labels: string[], place: number): string {
  const label = labels[place] ?? "";
  const isRound = Number(label.slice(3)) % AXIS_MINUTES === 0;
  return isRound && place < labels.length - END_MINUTES ? label : "";
}

/** Events of the last hour by type. */
export function sumTimeline(timeline: Summary["timeline"]): Record<EventType, number> {
  const sum = { view: 0, click: 0, purchase: 0 };
  for (const row of timeline) for (const { type } of EVENT_TYPES) sum[type] += row[type];
  return sum;
}

/** What the chart shows, for those who cannot see it. */
export function describeTimeline(timeline: Summary["timeline"]): string {
  const sum = sumTimeline(timeline);
  const parts = EVENT_TYPES.map(
    ({ type, plural }) => `${formatCount(sum[type])} ${plural.toLowerCase()}`,
  );
  const [first, last] = [timeline[0]!, timeline.at(-1)!];
  return `Events per minute from ${formatMinute(first.minute)} to ${formatMinute(last.minute)} UTC: ${parts.join(", ")} in all. The table below has each minute.`;
}
