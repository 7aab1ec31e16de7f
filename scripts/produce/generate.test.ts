import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Event, eventSchema } from "../../schema/event.ts";
import { sum } from "../lib/sum.ts";
import { EventGenerator, type GeneratorOptions } from "./generate.ts";

const NOON_MS = Date.UTC(2026, 10, 22, 12);
const NIGHT_MS = Date.UTC(2026, 10, 22, 4);

function generate(
  count: number,
  options: Partial<GeneratorOptions> = {},
  startMs = NOON_MS,
): Event[] {
  const generator = new EventGenerator({
    seed: [1, 2, 3, 4],
    users: 100,
    sessionsMax: 256,
    ...options,
  });
  return Array.from({ length: count }, (_, index) => generator.next(startMs + index));
}

const countBy = <K>(events: Event[], keyOf: (event: Event) => K): Map<K, number> => {
  const counts = new Map<K, number>();
  for (const event of events) counts.set(keyOf(event), (counts.get(keyOf(event)) ?? 0) + 1);
  return counts;
};

test("next() gives the same events when seed and clock are the same", () => {
  expect(generate(5_000)).toEqual(generate(5_000));
});

test("next() gives other events when the seed differs", () => {
  const ids = new Set(generate(5_000).map((event) => event.event_id));
  const others = generate(5_000, { seed: [1, 2, 3, 5] });
  expect(others.some((event) => ids.has(event.event_id))).toBe(false);
});

test("next() gives the same users and types when only the rhythm's clock is the same", () => {
  const options = { seed: [7, 7, 7, 7] as const, users: 50, sessionsMax: 10 };
  const [first, second] = [new EventGenerator(options), new EventGenerator(options)];
  for (let index = 0; index < 2_000; index++) {
    const { user_id, event_type, event_id } = first.next(NOON_MS + index, index);
    const other = second.next(NIGHT_MS + index * 7, index);
    expect(other).toMatchObject({ user_id, event_type });
    expect(other.event_id.slice(15)).toBe(event_id.slice(15));
  }
});

test("next() gives events that fit the contract, each with its own id", () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()),
      fc.integer({ min: 1, max: 50_000_000 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 4e12 }),
      (seed, users, sessionsMax, startMs) => {
        const events = generate(200, { seed, users, sessionsMax }, startMs);
        for (const event of events) {
          expect(eventSchema.parse(event)).toEqual(event);
          expect(event.user_id).toBeLessThanOrEqual(users);
        }
        expect(new Set(events.map((event) => event.event_id)).size).toBe(200);
      },
    ),
  );
});

test("next() makes ids of UUID version 7 with the event's time in front", () => {
  for (const { event_id, created_at } of generate(1_000)) {
    expect(event_id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const timeMs = Number.parseInt(event_id.slice(0, 13).replace("-", ""), 16);
    expect(new Date(timeMs).toISOString()).toBe(created_at);
  }
});

test("next() lets a click follow a view, and a purchase a click, of the same user", () => {
  const last = new Map<number, string>();
  for (const { user_id, event_type } of generate(100_000)) {
    if (event_type === "click") expect(last.get(user_id)).toBe("view");
    if (event_type === "purchase") expect(last.get(user_id)).toBe("click");
    last.set(user_id, event_type);
  }
});

test("next() mixes types as a shop does: many views, few purchases, none missing", () => {
  const counts = countBy(generate(100_000), (event) => event.event_type);
  expect(counts.get("view")).toBeWithin(70_000, 80_000);
  expect(counts.get("click")).toBeWithin(18_000, 26_000);
  expect(counts.get("purchase")).toBeWithin(1_000, 5_000);
});

test("next() sells less at night than at noon", () => {
  const purchases = (startMs: number) =>
    countBy(generate(200_000, {}, startMs), (event) => event.event_type).get("purchase")!;
  expect(purchases(NIGHT_MS)).toBeLessThan(purchases(NOON_MS) * 0.8);
});

test("next() gives few users many events, and every user some", () => {
  const counts = [...countBy(generate(200_000), (event) => event.user_id).values()];
  counts.sort((a, b) => b - a);
  expect(counts.length).toBe(100);
  const top = sum(counts.slice(0, 10));
  expect(top).toBeGreaterThan(0.4 * 200_000);
  expect(counts[0]!).toBeLessThan(0.25 * 200_000);
});
