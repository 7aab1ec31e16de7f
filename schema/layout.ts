/**
 * The layout in which our own producers write an event, byte by byte: `messageOf` writes it, and
 * `decodeKnownLayout` reads it without parsing JSON. It is the event of the schema as
 * `JSON.stringify` gives it, with the fields in the schema's order. Pure.
 */
import type { Event, Retraction } from "./event.ts";
import { EVENT_TYPES } from "./event-types.ts";

const BEFORE_EVENT_ID = '{"event_id":"';
const BEFORE_USER_ID = '","user_id":';
const BEFORE_EVENT_TYPE = ',"event_type":"';
const BEFORE_CREATED_AT = '","created_at":"';
const END = '"}';

/**
 * The record of an event that is known to be valid: its texts hold nothing that JSON would escape.
 * Joining the parts therefore gives what JSON.stringify would, in a fifth of the time.
 */
export function messageOf(event: Event): { key: string; value: string } {
  const key = String(event.user_id);
  return {
    key,
    value: `${BEFORE_EVENT_ID}${event.event_id}${BEFORE_USER_ID}${key}${BEFORE_EVENT_TYPE}${event.event_type}${BEFORE_CREATED_AT}${event.created_at}${END}`,
  };
}

/** The record that takes an event back. */
export function retractionMessageOf({ event_id, user_id }: Event): { key: string; value: string } {
  const retraction: Retraction = { retract: event_id, user_id };
  return { key: String(user_id), value: JSON.stringify(retraction) };
}

/** The fields of the event that was decoded last. Reused for each event: copy what must last. */
export class EventFields {
  /** The event id as four words of 32 bits. */
  id0 = 0;
  id1 = 0;
  id2 = 0;
  id3 = 0;
  userId = 0;
  /** Index into `EVENT_TYPES`. */
  typeIndex = 0;
  /** Milliseconds since the epoch. */
  createdAtMs = 0;
}

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const EVENT_ID_PREFIX = ascii(BEFORE_EVENT_ID);
const USER_ID_PREFIX = ascii(BEFORE_USER_ID);
const EVENT_TYPE_PREFIX = ascii(BEFORE_EVENT_TYPE);
const CREATED_AT_PREFIX = ascii(BEFORE_CREATED_AT);
const SUFFIX = ascii(END);
const TYPE_NAMES = EVENT_TYPES.map(ascii);
const CREATED_AT_LENGTH = "2026-01-01T00:00:00.000Z".length;
const COMMA = 0x2c;

/** Value of a hexadecimal digit by its byte; 255 for any other byte. */
const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const letter = digit.toString(16);
  HEX[letter.charCodeAt(0)] = digit;
  HEX[letter.toUpperCase().charCodeAt(0)] = digit;
}

/** Fills `fields` and returns true when the bytes are an event in exactly this layout. */
export function decodeKnownLayout(
  bytes: Uint8Array,
  start: number,
  length: number,
  fields: EventFields,
): boolean {
  const end = start + length;
  // Shorter than this, a fixed-width read could run into the next record.
  if (length < 120) return false;
  let at = start;
  if (!matches(bytes, at, EVENT_ID_PREFIX)) return false;
  at += EVENT_ID_PREFIX.length;
  if (!readEventId(bytes, at, fields)) return false;
  at += 36;
  if (!matches(bytes, at, USER_ID_PREFIX)) return false;
  at += USER_ID_PREFIX.length;

  let userId = 0;
  const firstDigit = at;
  for (;;) {
    const digit = (bytes[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    userId = userId * 10 + digit;
    at += 1;
  }
  const digits = at - firstDigit;
  if (digits === 0 || digits > 15 || bytes[firstDigit] === 48) return false;
  fields.userId = userId;

  if (bytes[at] !== COMMA || !matches(bytes, at, EVENT_TYPE_PREFIX)) return false;
  at += EVENT_TYPE_PREFIX.length;
  const typeIndex = readTypeIndex(bytes, at);
  if (typeIndex < 0) return false;
  fields.typeIndex = typeIndex;
  at += (TYPE_NAMES[typeIndex] as Uint8Array).length;

  if (!matches(bytes, at, CREATED_AT_PREFIX)) return false;
  at += CREATED_AT_PREFIX.length;
  if (at + CREATED_AT_LENGTH + SUFFIX.length !== end) return false;
  const createdAtMs = readTimestampMs(bytes, at);
  if (Number.isNaN(createdAtMs)) return false;
  fields.createdAtMs = createdAtMs;
  return matches(bytes, at + CREATED_AT_LENGTH, SUFFIX);
}

function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false;
  }
  return true;
}

/** Reads 8-4-4-4-12 hexadecimal digits; returns false when a byte is out of place. */
export function readEventId(bytes: Uint8Array, at: number, fields: EventFields): boolean {
  const DASH = 0x2d;
  if (
    bytes[at + 8] !== DASH ||
    bytes[at + 13] !== DASH ||
    bytes[at + 18] !== DASH ||
    bytes[at + 23] !== DASH
  ) {
    return false;
  }
  const high1 = hex4(bytes, at);
  const low1 = hex4(bytes, at + 4);
  const high2 = hex4(bytes, at + 9);
  const low2 = hex4(bytes, at + 14);
  const high3 = hex4(bytes, at + 19);
  const low3 = hex4(bytes, at + 24);
  const high4 = hex4(bytes, at + 28);
  const low4 = hex4(bytes, at + 32);
  if ((high1 | low1 | high2 | low2 | high3 | low3 | high4 | low4) > 0xffff) return false;
  fields.id0 = (high1 << 16) | low1;
  fields.id1 = (high2 << 16) | low2;
  fields.id2 = (high3 << 16) | low3;
  fields.id3 = (high4 << 16) | low4;
  return true;
}

/** Four hexadecimal digits as a number; above 0xffff when one of them is not a digit. */
function hex4(bytes: Uint8Array, at: number): number {
  const a = HEX[bytes[at] as number] as number;
  const b = HEX[bytes[at + 1] as number] as number;
  const c = HEX[bytes[at + 2] as number] as number;
  const d = HEX[bytes[at + 3] as number] as number;
  return (a | b | c | d) > 15 ? 0x10000 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** Index of the type whose name stands at `at`, followed by a quote; -1 for an unknown name. */
function readTypeIndex(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < TYPE_NAMES.length; index++) {
    const name = TYPE_NAMES[index] as Uint8Array;
    if (matches(bytes, at, name) && bytes[at + name.length] === 0x22) return index;
  }
  return -1;
}

/** Bytes of `YYYY-MM-DDThh:mm`. */
const MINUTE_LENGTH = 16;
/** The minute read last and its start: most events follow in the same minute. */
const lastMinute = new Uint8Array(MINUTE_LENGTH);
let lastMinuteMs = Number.NaN;

/** Milliseconds since the epoch of `YYYY-MM-DDThh:mm:ss.sssZ`; NaN when it is not a moment. */
function readTimestampMs(bytes: Uint8Array, at: number): number {
  if (!matches(bytes, at, lastMinute)) {
    lastMinuteMs = readMinuteMs(bytes, at);
    lastMinute.set(bytes.subarray(at, at + MINUTE_LENGTH));
  }
  if (bytes[at + 16] !== 0x3a || bytes[at + 19] !== 0x2e || bytes[at + 23] !== 0x5a) {
    return Number.NaN;
  }
  const second = decimal2(bytes, at + 17);
  const ms = decimal2(bytes, at + 20) * 10 + (decimal2(bytes, at + 21) % 10);
  return second <= 59 ? lastMinuteMs + second * 1_000 + ms : Number.NaN;
}

/** Milliseconds since the epoch of `YYYY-MM-DDThh:mm`; NaN when there is no such minute. */
function readMinuteMs(bytes: Uint8Array, at: number): number {
  if (
    bytes[at + 4] !== 0x2d ||
    bytes[at + 7] !== 0x2d ||
    bytes[at + 10] !== 0x54 ||
    bytes[at + 13] !== 0x3a
  ) {
    return Number.NaN;
  }
  const year = decimal2(bytes, at) * 100 + decimal2(bytes, at + 2);
  const month = decimal2(bytes, at + 5);
  const day = decimal2(bytes, at + 8);
  const hour = decimal2(bytes, at + 11);
  const minute = decimal2(bytes, at + 14);
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month);
  if (!isDay || !(hour <= 23 && minute <= 59)) return Number.NaN;
  return daysSinceEpoch(year, month, day) * 86_400_000 + hour * 3_600_000 + minute * 60_000;
}

/** Two decimal digits as a number; NaN when one of them is not a digit. */
function decimal2(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days since 1970-01-01 in the Gregorian calendar, as in Howard Hinnant's `days_from_civil`. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
