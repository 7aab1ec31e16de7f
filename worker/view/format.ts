/**
 * Numbers and times as the page writes them: in English and UTC for everyone, so that the server and
 * each browser write the same text.
 */
const counts = new Intl.NumberFormat("en");
const oneDecimal = new Intl.NumberFormat("en", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Written where there is no number. */
export const NO_VALUE = "–";

export const formatCount = (count: number) => counts.format(count);

/** A part of a whole as "31.3%"; a dash when the whole is 0. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? NO_VALUE : `${oneDecimal.format((part / whole) * 100)}%`;
}

/** A rate as a number per hundred: 0.042 is "4.2". */
export function formatPerHundred(rate: number | null): string {
  return rate === null ? NO_VALUE : oneDecimal.format(rate * 100);
}

/** A time as "12:34:56". */
export const formatTime = (time: string) => new Date(time).toISOString().slice(11, 19);

/** A time as "12:34". */
export const formatMinute = (time: string) => new Date(time).toISOString().slice(11, 16);

/** A time as "1 Mar 2026". Not `Intl`: its short months differ between browsers. */
export const formatDate = (time: string) =>
  new Date(time).toUTCString().slice(5, 16).replace(/^0/, "");

/** An age in whole seconds, minutes, hours, then days. Rounded up, so never less than it is. */
export function formatAge(ageMs: number): string {
  const age = Math.max(0, ageMs);
  if (age <= MINUTE_MS - SECOND_MS) return `${Math.ceil(age / SECOND_MS)} s`;
  if (age <= HOUR_MS - MINUTE_MS) return `${Math.ceil(age / MINUTE_MS)} min`;
  if (age < 2 * DAY_MS - HOUR_MS) return `${Math.ceil(age / HOUR_MS)} h`;
  return `${counts.format(Math.ceil(age / DAY_MS))} days`;
}

/** How long a hop took, with more detail than an age below a minute. */
export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return NO_VALUE;
  if (durationMs < 9.95) return `${oneDecimal.format(durationMs)} ms`;
  if (durationMs < SECOND_MS - 0.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < MINUTE_MS - 50) return `${oneDecimal.format(durationMs / SECOND_MS)} s`;
  return formatAge(durationMs);
}
