/**
 * Reads the usual ways to write a moment, and writes the one that events use. Pure. A time without a
 * zone is UTC, whatever the machine's own zone is; digits beyond milliseconds are cut off.
 */

const FORM =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?$/i;
const NUMBER = /^\d+(?:\.\d+)?$/;

/** Smaller numbers (before March 1973 in seconds) are more likely years or counters than times. */
const EPOCH_SECONDS_MIN = 1e8;
const YEAR_10000_MS = 253_402_300_800_000;

/** Milliseconds since the epoch, or undefined when the value is no moment. */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value === "number") return fromEpoch(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (NUMBER.test(text)) return fromEpoch(Number(text));
  const match = FORM.exec(text);
  return match ? fromParts(match) : undefined;
}

const MINUTE_MS = 60_000;
const digits = (count: number, width: number) =>
  Array.from({ length: count }, (_, number) => String(number).padStart(width, "0"));
const SECONDS = digits(60, 2);
const MILLISECONDS = digits(1_000, 3);

/** The minute formatted last, since rows of a file mostly follow in the same one. */
let lastMinute = Number.NaN;
let lastMinuteText = "";

/** Returns what `Date.toISOString` returns for the years 1 to 9999, in less than half the time. */
export function formatTimestamp(ms: number): string {
  const minute = Math.floor(ms / MINUTE_MS);
  if (minute !== lastMinute) {
    lastMinuteText = new Date(minute * MINUTE_MS)
      .toISOString()
      .slice(0, "0000-00-00T00:00:".length);
    lastMinute = minute;
  }
  const rest = ms - minute * MINUTE_MS;
  const second = Math.floor(rest / 1_000);
  return `${lastMinuteText}${SECONDS[second]}.${MILLISECONDS[rest - second * 1_000]}Z`;
}

/** The unit follows from the size: seconds, milliseconds, microseconds or nanoseconds. */
function fromEpoch(value: number): number | undefined {
  if (!(value >= EPOCH_SECONDS_MIN)) return undefined;
  const ms =
    value < 1e11 ? value * 1e3 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6;
  // Reading and multiplying the number each round by half a step: .123 must not become .122.
  const whole = Math.floor(ms * (1 + 2 * Number.EPSILON));
  return whole < YEAR_10000_MS ? whole : undefined;
}

function fromParts(match: RegExpExecArray): number | undefined {
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(fields[0], fields[1] - 1, fields[2]);
  date.setUTCHours(fields[3], fields[4], fields[5], Number(fraction.padEnd(3, "0").slice(0, 3)));
  // Date moves a field out of range, such as February 30, to another day.
  const same =
    date.getUTCMonth() === fields[1] - 1 &&
    date.getUTCDate() === fields[2] &&
    date.getUTCHours() === fields[3] &&
    date.getUTCMinutes() === fields[4] &&
    date.getUTCSeconds() === fields[5];
  const offset = zoneMs(zone);
  if (!same || offset === undefined) return undefined;
  const ms = date.getTime() - offset;
  return ms < YEAR_10000_MS && ms >= -62_135_596_800_000 ? ms : undefined;
}

/** The offset of the zone from UTC. */
function zoneMs(zone: string | undefined): number | undefined {
  if (!zone || !/^[+-]/.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 14 || minutes > 59) return undefined;
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
