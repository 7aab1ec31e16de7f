import { expect, test } from "bun:test";
import fc from "fast-check";
import { actualFields, encode, event, expectedFields } from "../../schema/event.fixture.ts";
import { EVENT_BYTES_MAX, type Event } from "../../schema/event.ts";
import { decodeKnownLayout, EventFields, retractionMessageOf } from "../../schema/layout.ts";
import type { RejectReason } from "../../schema/rejects.ts";
import { decodeEvent } from "./decode-event.ts";

function decode(bytes: Uint8Array) {
  const fields = new EventFields();
  const reason = decodeEvent(bytes, 0, bytes.length, fields);
  return { reason, fields: actualFields(fields) };
}

test("decodeEvent() reads every event like JSON and the schema do when it is in our layout", () => {
  fc.assert(
    fc.property(event, (value) => {
      fc.pre(Number.isSafeInteger(value.user_id));
      const { reason, fields } = decode(encode(JSON.stringify(value)));
      expect(reason).toBeUndefined();
      expect(fields).toEqual(expectedFields(value) as never);
    }),
  );
});

test("decodeEvent() gives the same answer when fields are in another order, spaced, or more", () => {
  fc.assert(
    fc.property(event, fc.string(), (value, extra) => {
      const other = JSON.stringify(
        { extra, ...Object.fromEntries(Object.entries(value).reverse()), nested: { extra } },
        undefined,
        2,
      );
      fc.pre(Number.isSafeInteger(value.user_id));
      expect(decode(encode(other)).fields).toEqual(expectedFields(value) as never);
    }),
  );
});

test("decodeEvent() stays inside the value when it is cut anywhere", () => {
  const whole = encode(
    '{"event_id":"0190a8b2-7c4d-7e1f-8a2b-3c4d5e6f7a8b","user_id":7,"event_type":"click","created_at":"2026-01-01T00:00:00.000Z"}',
  );
  for (let length = 1; length < whole.length; length++) {
    const fields = new EventFields();
    expect(decodeEvent(whole, 0, length, fields)).toBe("bad_json");
    expect(decodeKnownLayout(whole.subarray(0, length), 0, length, fields)).toBe(false);
  }
});

const valid: Event = {
  event_id: "0190a8b2-7c4d-7e1f-8a2b-3c4d5e6f7a8b",
  user_id: 7,
  event_type: "click",
  created_at: "2026-01-01T00:00:00.000Z",
};
const rejects: [string, string | Uint8Array, RejectReason][] = [
  ["it is empty", "", "empty"],
  ["it is longer than an event can be", `"${"x".repeat(EVENT_BYTES_MAX)}"`, "too_large"],
  ["it is not UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x22]), "bad_encoding"],
  ["it is not JSON", "{nonsense", "bad_json"],
  ["it holds a null byte", `${JSON.stringify(valid)}\0`, "bad_json"],
  ["it is a number", "17", "not_an_object"],
  ["it is a list", "[]", "not_an_object"],
  ["it is null in JSON", "null", "not_an_object"],
  ["the event id is no UUID", JSON.stringify({ ...valid, event_id: "17" }), "bad_event_id"],
  ["the event id is missing", JSON.stringify({ ...valid, event_id: undefined }), "bad_event_id"],
  ["the user id is text", JSON.stringify({ ...valid, user_id: "7" }), "bad_user_id"],
  ["the user id is 0", JSON.stringify({ ...valid, user_id: 0 }), "bad_user_id"],
  ["the user id is a fraction", JSON.stringify({ ...valid, user_id: 1.5 }), "bad_user_id"],
  ["the user id exceeds 2^53", JSON.stringify({ ...valid, user_id: 2 ** 53 }), "bad_user_id"],
  ["the type is unknown", JSON.stringify({ ...valid, event_type: "like" }), "bad_event_type"],
  ["the type holds \\u0000", JSON.stringify({ ...valid, event_type: "view\0" }), "bad_event_type"],
  [
    "the moment has no zone",
    JSON.stringify({ ...valid, created_at: "2026-01-01T00:00:00" }),
    "bad_created_at",
  ],
  [
    "the day does not exist",
    JSON.stringify({ ...valid, created_at: "2026-02-30T00:00:00.000Z" }),
    "bad_created_at",
  ],
  [
    "several fields are wrong",
    JSON.stringify({ ...valid, user_id: 0, event_type: 1 }),
    "bad_user_id",
  ],
];
for (const [when, value, reason] of rejects) {
  test(`decodeEvent() gives ${reason} when ${when}`, () => {
    expect(decode(typeof value === "string" ? encode(value) : value).reason).toBe(reason);
  });
}

const retraction = { retract: valid.event_id, user_id: 7 };

test("decodeEvent() gives the id and the user when the value takes an event back", () => {
  fc.assert(
    fc.property(event, fc.boolean(), ({ event_id, user_id }, isUpper) => {
      fc.pre(Number.isSafeInteger(user_id));
      const retract = isUpper ? event_id.toUpperCase() : event_id;
      const { reason, fields } = decode(encode(JSON.stringify({ user_id, why: 1, retract })));
      const { ids } = expectedFields({ ...valid, event_id }) ?? {};
      expect({ reason, ids: fields.ids, userId: fields.userId }).toEqual({
        reason: "retraction",
        ids: ids as number[],
        userId: user_id,
      });
    }),
  );
});

test("decodeEvent() reads the retraction that our producer writes", () => {
  const { value } = retractionMessageOf(valid);
  expect(decode(encode(value)).reason).toBe("retraction");
});

test("decodeEvent() judges a value as an event when it names an event_id, or is no retraction", () => {
  const decoded = (value: object) => decode(encode(JSON.stringify(value))).reason;
  expect(decoded({ ...valid, ...retraction })).toBeUndefined();
  expect(decoded({ ...retraction, event_id: "17" })).toBe("bad_event_id");
  expect(decoded({ ...retraction, event_id: null })).toBe("bad_event_id");
  expect(decoded({ ...retraction, retract: "17" })).toBe("bad_event_id");
  expect(decoded({ ...retraction, user_id: 0 })).toBe("bad_event_id");
});

test("decodeEvent() gives empty when the value is null", () => {
  expect(decodeEvent(new Uint8Array(4), 0, -1, new EventFields())).toBe("empty");
});
