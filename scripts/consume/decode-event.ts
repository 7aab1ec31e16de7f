/**
 * Turns the bytes of a record's value into the fields of an event or of a retraction, or into the
 * reason for its rejection. The layout of our own producers is read byte by byte, without an object or a string.
 * Any other layout takes JSON and the schema; a property test shows that both agree. Pure. An event
 * takes about 0.2 µs in the known layout, 1.5 µs in any other.
 */
import { EVENT_BYTES_MAX, retractionSchema } from "../../schema/event.ts";
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { decodeKnownLayout, type EventFields, readEventId } from "../../schema/layout.ts";
import { judgeEvent, type RejectReason } from "../../schema/rejects.ts";

/** Undefined for an event; else what the value is instead. */
export type Decoded = RejectReason | "retraction" | undefined;

/**
 * Decodes the value at `bytes[start … start + length)` into `fields`; a `length` of -1 is null.
 * Returns undefined for an event. A retraction fills in the id that it takes back, and the user. Any
 * other value gives the reason for its rejection.
 */
export function decodeEvent(
  bytes: Uint8Array,
  start: number,
  length: number,
  fields: EventFields,
): Decoded {
  if (length <= 0) return "empty";
  if (length > EVENT_BYTES_MAX) return "too_large";
  if (decodeKnownLayout(bytes, start, length, fields)) return undefined;
  return decodeAnyLayout(bytes.subarray(start, start + length), fields);
}

const utf8Encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The same for any layout: JSON with any order of fields, spaces, escapes, or further fields. */
function decodeAnyLayout(value: Uint8Array, fields: EventFields): Decoded {
  let text: string;
  try {
    text = utf8.decode(value);
  } catch {
    return "bad_encoding";
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "bad_json";
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "not_an_object";
  if ("retract" in json && !("event_id" in json) && decodeRetraction(json, fields)) {
    return "retraction";
  }
  const event = judgeEvent(json);
  if (typeof event === "string") return event;
  readEventId(utf8Encoder.encode(event.event_id), 0, fields);
  fields.userId = event.user_id;
  fields.typeIndex = EVENT_TYPES.indexOf(event.event_type);
  fields.createdAtMs = Date.parse(event.created_at);
  return undefined;
}

/** Returns whether the value takes an event back. */
function decodeRetraction(value: object, fields: EventFields): boolean {
  const { data } = retractionSchema.safeParse(value);
  if (!data) return false;
  readEventId(utf8Encoder.encode(data.retract), 0, fields);
  fields.userId = data.user_id;
  return true;
}
