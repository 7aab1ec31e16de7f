/**
 * Events for tests, made without the product's generator, and their counts, made without its
 * consumer. The expected values of a test must not come from the code under test.
 */
export interface TestEvents {
  /** One JSON document each. */
  lines: string[];
  /** Number of events by `user_id event_type`. */
  counts: Map<string, number>;
  /** The days on which a user was active, as `user_id YYYY-MM-DD`. */
  days: Set<string>;
}

/** Shortly before a day ends, so that all but the smallest lots have events of two days. */
const START_MS = Date.UTC(2025, 11, 31, 23, 59, 55);
const TYPES = ["view", "click", "purchase"];

/** A small linear congruential generator: the same seed, the same numbers from 0 up to 1. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function makeEvents(count: number, { users = 50, seed = 1 } = {}): TestEvents {
  const random = randomNumbers(seed);
  const counts = new Map<string, number>();
  const days = new Set<string>();
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  const lines = Array.from({ length: count }, (_, index) => {
    const userId = 1 + Math.floor(random() * users);
    const type = TYPES[Math.floor(random() * TYPES.length)];
    const key = `${userId} ${type}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const id = `${seed.toString(16).padStart(8, "0")}-${hex(4)}-4${hex(3)}-8${hex(3)}-${index.toString(16).padStart(12, "0")}`;
    const createdAt = new Date(START_MS + index * 10).toISOString();
    days.add(`${userId} ${createdAt.slice(0, 10)}`);
    return `{"event_id":"${id}","user_id":${userId},"event_type":"${type}","created_at":"${createdAt}"}`;
  });
  return { lines, counts, days };
}

/** The counts of several lots together. */
export function sumCounts(...lots: Map<string, number>[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [key, count] of lots.flatMap((lot) => [...lot])) {
    total.set(key, (total.get(key) ?? 0) + count);
  }
  return total;
}
