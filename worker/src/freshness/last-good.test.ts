import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Entry, LastGood, type Loaded, type Reading } from "./last-good.ts";
import { SUMMARY_LIMITS } from "./limits.ts";
import { VirtualClock } from "./virtual-clock.fixture.ts";

const { freshMs, staleMs, gapMs, loadTimeoutMs, waitMsMax } = SUMMARY_LIMITS;

/** What one load does: the source answers after a delay, with numbers of some age. */
interface LoadOutcome {
  isGood: boolean;
  delayMs: number;
  /** When during the delay the source states the age: 0 at the start, 1 at the end. */
  moment: number;
  ageMs: number;
  /** The runtime drops the load, which never ends. */
  isLost: boolean;
}

interface ReadLog {
  startedAtMs: number;
  endedAtMs: number;
  reading: Reading<number> | undefined;
}

/** A source with given outcomes, and a log of what happened. The values are the times of reading. */
class Source {
  readonly clock = new VirtualClock();
  readonly starts: number[] = [];
  readonly reads: ReadLog[] = [];
  readonly goodValues = new Map<number, number>();
  readonly stored: Entry<number>[] = [];
  #pending = new Set<number>();
  pendingMax = 0;
  readonly cache: LastGood<number>;

  constructor(outcomes: LoadOutcome[], stored?: Entry<number>) {
    const { clock } = this;
    this.cache = new LastGood<number>(
      {
        now: clock.now,
        pause: clock.pause,
        load: () => this.#load(outcomes[this.starts.length % outcomes.length]!),
        store: { read: () => stored, write: (entry) => this.stored.push(entry) },
      },
      SUMMARY_LIMITS,
    );
  }

  async #load({ isGood, delayMs, moment, ageMs, isLost }: LoadOutcome): Promise<Loaded<number>> {
    const { clock } = this;
    const startedAtMs = clock.nowMs;
    this.starts.push(startedAtMs);
    for (const start of this.#pending) {
      if (startedAtMs - start >= loadTimeoutMs) this.#pending.delete(start);
    }
    this.#pending.add(startedAtMs);
    this.pendingMax = Math.max(this.pendingMax, this.#pending.size);
    if (isLost) return new Promise<never>(() => {});
    await clock.pause(delayMs);
    this.#pending.delete(startedAtMs);
    if (!isGood) throw new Error("this load fails");
    const readAtMs = startedAtMs + moment * delayMs - ageMs;
    this.goodValues.set(readAtMs, Math.min(this.goodValues.get(readAtMs) ?? Infinity, clock.nowMs));
    return { value: readAtMs, ageMs };
  }

  async read(): Promise<void> {
    const startedAtMs = this.clock.nowMs;
    const reading = await this.cache.read();
    this.reads.push({ startedAtMs, endedAtMs: this.clock.nowMs, reading });
  }
}

const outcome: fc.Arbitrary<LoadOutcome> = fc.record({
  isGood: fc.boolean(),
  delayMs: fc.oneof(fc.nat(400), fc.nat(9_000), fc.nat(25_000)),
  moment: fc.double({ min: 0, max: 1, noNaN: true }),
  ageMs: fc.oneof(fc.nat(1_000), fc.nat(30_000)),
  isLost: fc.nat(9).map((number) => number === 0),
});
const period = fc.record({
  readers: fc.nat(3),
  passMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(20_000)),
});

/** Plays the outcomes over the periods, and ends when every reader has its answer. */
async function play(
  outcomes: LoadOutcome[],
  periods: { readers: number; passMs: number }[],
  stored?: Entry<number>,
): Promise<Source> {
  const source = new Source(outcomes, stored);
  const readers: Promise<void>[] = [];
  for (const { readers: count, passMs } of periods) {
    for (let index = 0; index < count; index++) readers.push(source.read());
    await source.clock.advance(passMs);
  }
  await source.clock.advance(waitMsMax.missing);
  await Promise.all(readers);
  return source;
}

/** The property holds for any outcomes at any times; `check` gets what happened. */
function holds(check: (source: Source) => void) {
  return fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 8 }),
      fc.array(period, { minLength: 1, maxLength: 15 }),
      async (outcomes, periods) => check(await play(outcomes, periods)),
    ),
    { numRuns: 300 },
  );
}

/** When the first good value was loaded. */
const cachedSince = (source: Source) => Math.min(...source.goodValues.values());

test("read() always gives a value once a load has succeeded", () =>
  holds((source) => {
    for (const { endedAtMs, reading } of source.reads) {
      if (endedAtMs > cachedSince(source)) expect(reading).toBeDefined();
      if (!reading) expect(endedAtMs).toBeLessThanOrEqual(cachedSince(source));
    }
  }));

test("read() gives only good values, and never an older one after a newer one", () =>
  holds((source) => {
    const inOrder = source.reads.toSorted((a, b) => a.endedAtMs - b.endedAtMs);
    let latest = { readAtMs: Number.NEGATIVE_INFINITY, endedAtMs: 0 };
    for (const { endedAtMs, reading } of inOrder) {
      if (!reading) continue;
      expect(source.goodValues.has(reading.value)).toBe(true);
      const readAtMs = endedAtMs - reading.ageMs;
      if (endedAtMs > latest.endedAtMs) expect(readAtMs).toBeGreaterThanOrEqual(latest.readAtMs);
      latest = { readAtMs, endedAtMs };
    }
  }));

test("read() never understates an age, and calls a value stale when it is older than 10 s", () =>
  holds((source) => {
    for (const { endedAtMs, reading } of source.reads) {
      if (!reading) continue;
      // The times are fractions, whose sums differ in the last digit.
      expect(reading.ageMs).toBeGreaterThanOrEqual(endedAtMs - reading.value - 1e-6);
      if (endedAtMs - reading.value > staleMs + 1e-6) expect(reading.isStale).toBe(true);
      expect(reading.isStale).toBe(reading.ageMs > staleMs);
    }
  }));

test("read() starts one load at a time, and at least a second after the last start", () =>
  holds((source) => {
    expect(source.pendingMax).toBeLessThanOrEqual(1);
    for (const [index, start] of source.starts.slice(1).entries()) {
      expect(start - source.starts[index]!).toBeGreaterThanOrEqual(gapMs);
    }
  }));

test("read() answers within the limit for what the cache has", () =>
  holds((source) => {
    const values = [...source.goodValues.entries()];
    for (const { startedAtMs, endedAtMs } of source.reads) {
      const hadValue = values.some(([, since]) => since < startedAtMs);
      const bound = hadValue ? waitMsMax.stale : waitMsMax.missing;
      expect(endedAtMs - startedAtMs).toBeLessThanOrEqual(bound);
    }
  }));

test("read() stores each value that it accepts, in order of their age", () =>
  holds((source) => {
    for (const [index, entry] of source.stored.entries()) {
      expect(source.goodValues.has(entry.value)).toBe(true);
      const before = source.stored[index - 1];
      if (before) expect(entry.readAtMs).toBeGreaterThanOrEqual(before.readAtMs);
    }
  }));

const good = (delayMs: number, ageMs = 0): LoadOutcome => {
  return { isGood: true, delayMs, moment: 1, ageMs, isLost: false };
};
const failing = (delayMs: number): LoadOutcome => ({ ...good(delayMs), isGood: false });
const lost: LoadOutcome = { ...good(0), isLost: true };

/** A source behind a cache whose value has the given age now. */
function sourceWithValue(ageMs: number, ...outcomes: LoadOutcome[]): Source {
  const readAtMs = new VirtualClock().nowMs - ageMs;
  return new Source(outcomes, { value: readAtMs, readAtMs });
}

/** How long a reader waits, and what it gets. */
async function readOnce(source: Source) {
  const done = source.read();
  await source.clock.advance(loadTimeoutMs);
  await done;
  const { startedAtMs, endedAtMs, reading } = source.reads.at(-1)!;
  return { waitedMs: endedAtMs - startedAtMs, ...reading };
}

test("read() serves a value of 2 s at once, without a load", async () => {
  const source = sourceWithValue(freshMs, good(5));
  expect(await readOnce(source)).toMatchObject({ waitedMs: 0, ageMs: freshMs, isStale: false });
  expect(source.starts).toEqual([]);
});

test("read() waits 300 ms for a newer value while the cached one is not stale", async () => {
  const quick = await readOnce(sourceWithValue(freshMs + 1, good(250)));
  expect(quick).toMatchObject({ waitedMs: 250, ageMs: 250 });
  const slow = await readOnce(sourceWithValue(freshMs + 1, good(400)));
  expect(slow).toMatchObject({ waitedMs: 300, ageMs: freshMs + 301, isStale: false });
});

test("read() waits 2 s for a newer value when the cached one is stale, then serves that", async () => {
  const quick = await readOnce(sourceWithValue(staleMs + 1, good(1_900)));
  expect(quick).toMatchObject({ waitedMs: 1_900, isStale: false });
  const slow = await readOnce(sourceWithValue(staleMs + 1, good(2_100)));
  expect(slow).toMatchObject({ waitedMs: 2_000, ageMs: staleMs + 2_001, isStale: true });
});

test("read() waits 300 ms with a stale value when the last load has failed", async () => {
  const source = sourceWithValue(staleMs + 1, failing(100), failing(2_500));
  expect(await readOnce(source)).toMatchObject({ waitedMs: 100, isStale: true });
  expect(await readOnce(source)).toMatchObject({ waitedMs: 300, isStale: true });
});

test("read() waits 2 s with a stale value again once a load has succeeded", async () => {
  const source = sourceWithValue(staleMs + 1, failing(100), good(10), good(2_500));
  await readOnce(source);
  expect(await readOnce(source)).toMatchObject({ waitedMs: 10 });
  await source.clock.advance(staleMs);
  expect(await readOnce(source)).toMatchObject({ waitedMs: 2_000, isStale: true });
});

test("read() waits 4 s when there is nothing, then gives nothing", async () => {
  expect(await readOnce(new Source([good(3_900)]))).toMatchObject({
    waitedMs: 3_900,
    ageMs: 3_900,
  });
  expect(await readOnce(new Source([good(4_100)]))).toEqual({ waitedMs: 4_000 });
  expect(await readOnce(new Source([failing(10)]))).toEqual({ waitedMs: 10 });
});

test("read() loads once for any number of readers, and they all get the value", async () => {
  const source = new Source([good(50)]);
  const readers = Array.from({ length: 1_000 }, () => source.read());
  await source.clock.advance(50);
  await Promise.all(readers);
  expect(source.starts).toHaveLength(1);
  expect(new Set(source.reads.map(({ reading }) => reading?.value)).size).toBe(1);
});

test("read() starts a new load after the timeout of another, whose late value replaces nothing newer", async () => {
  const late = { ...good(loadTimeoutMs + 5_000), moment: 0 };
  const source = new Source([late, good(10), good(10)]);
  await readOnce(source);
  await readOnce(source);
  const { value } = source.reads.at(-1)!.reading!;
  await source.clock.advance(10_000);
  expect(source.starts).toHaveLength(2);
  expect(source.stored.at(-1)?.value).toBe(value);
  const never = new Source([lost, good(10)]);
  expect(await readOnce(never)).toEqual({ waitedMs: 4_000 });
  expect(await readOnce(never)).toMatchObject({ waitedMs: 10 });
});

test("read() goes on when the clock has been set back", async () => {
  const source = sourceWithValue(staleMs + 1, good(10), good(10));
  await readOnce(source);
  source.clock.nowMs -= 3_600_000;
  expect(await readOnce(source)).toMatchObject({ ageMs: 0 });
  expect(await readOnce(source)).toMatchObject({ waitedMs: 10, ageMs: 10 });
});
