/**
 * How active people are at each time of the day. The generator asks which users are awake; a
 * history asks when its events happened. Pure, without functions such as sin whose last digit
 * differs between runtimes.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = 1_440;

/**
 * Activity at each full hour: quiet at night, busy in the evening. 1 is about the day's average.
 */
const HOURLY_ACTIVITY = [
  0.4, 0.24, 0.16, 0.12, 0.12, 0.18, 0.36, 0.65, 0.95, 1.15, 1.25, 1.3, 1.38, 1.32, 1.25, 1.2, 1.22,
  1.32, 1.5, 1.72, 1.8, 1.6, 1.15, 0.7,
] as const;

/** The busiest hour's activity. */
export const ACTIVITY_MAX = Math.max(...HOURLY_ACTIVITY);

/** Activity in each minute of the day, and the sum of the minutes before it. */
const minuteActivity = Array.from({ length: MINUTES_PER_DAY }, (_, minute) => {
  const hour = Math.floor(minute / 60);
  const from = HOURLY_ACTIVITY[hour]!;
  const to = HOURLY_ACTIVITY[(hour + 1) % 24]!;
  return from + ((to - from) * (minute % 60)) / 60;
});
const activityBefore = [0];
for (const activity of minuteActivity) activityBefore.push(activityBefore.at(-1)! + activity);
const activityPerDay = activityBefore.at(-1)!;

/** Activity at a moment, in UTC. */
export function activityAt(timeMs: number): number {
  return minuteActivity[Math.floor((timeMs % DAY_MS) / MINUTE_MS)]!;
}

/** Activity summed up from the epoch to a moment. */
function activityUntil(timeMs: number): number {
  const days = Math.floor(timeMs / DAY_MS);
  const minutes = (timeMs - days * DAY_MS) / MINUTE_MS;
  const minute = Math.floor(minutes);
  const today = activityBefore[minute]! + minuteActivity[minute]! * (minutes - minute);
  return days * activityPerDay + today;
}

/** The moment until which the activity sums up to `sum`; the inverse of `activityUntil`. */
function momentOfActivity(sum: number): number {
  const days = Math.floor(sum / activityPerDay);
  const today = sum - days * activityPerDay;
  let low = 0;
  let high = MINUTES_PER_DAY - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (activityBefore[middle]! <= today) low = middle;
    else high = middle - 1;
  }
  const minutes = low + (today - activityBefore[low]!) / minuteActivity[low]!;
  return days * DAY_MS + minutes * MINUTE_MS;
}

/**
 * Spreads events over a time span by the rhythm of its days. Returns the moment at `fraction` (0 to
 * below 1) of all activity between `startMs` and `startMs + spanMs`.
 */
export function spreadOver(startMs: number, spanMs: number): (fraction: number) => number {
  const first = activityUntil(startMs);
  const total = activityUntil(startMs + spanMs) - first;
  const last = startMs + spanMs - 1;
  return (fraction) => {
    const timeMs = Math.floor(momentOfActivity(first + total * fraction));
    return Math.min(Math.max(timeMs, startMs), last);
  };
}
