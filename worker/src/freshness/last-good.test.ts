import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Copy, LastGood, type Loaded, type Reading } from "./last-good.ts";
import { SUMMARY_LIMITS } from "./limits.ts";
import { VirtualClock } from "./virtual-clock.ts";

const { freshMs, staleMs, gapMs, lostMs, waitMsMax } = SUMMARY_LIMITS;

/** What one load does: the source answers at some time under way, with numbers of some age. */
interface Answer {
  isGood: boolean;
  delayMs: number;
  /** When in that time the source says the age: 0 at the start, 1 at the end. */
  moment: number;
  ageMs: number;
  /** The runtime drops it and nobody ever hears of it again. */
  isLost: boolean;
}

interface ReadLog {
  startedAtMs: number;
  endedAtMs: number;
  reading: Reading<number> | undefined;
}

/** A source that answers as it is told, and what happened. The values are the times of reading. */
class Source {
  readonly clock = new VirtualClock();
  readonly starts: number[] = [];
  readonly reads: ReadLog[] = [];
  readonly goodValues = new Map<number, number>();
  readonly stored: Copy<number>[] = [];
  #flying = new Set<number>();
  flyingMax = 0;
  readonly copies: LastGood<number>;

  constructor(answers: Answer[], stored?: Copy<number>) {
    const { clock } = this;
    this.copies = new LastGood<number>(
      {
        now: clock.now,
        pause: clock.pause,
        load: () => this.#load(answers[this.starts.length % answers.length]!),
        store: { read: () => stored, write: (copy) => this.stored.push(copy) },
      },
      SUMMARY_LIMITS,
    );
  }

  async #load({ isGood, delayMs, moment, ageMs, isLost }: Answer): Promise<Loaded<number>> {
    const { clock } = this;
    const startedAtMs = clock.nowMs;
    this.starts.push(startedAtMs);
    for (const start of this.#flying) {
      if (startedAtMs - start >= lostMs) this.#flying.delete(start);
    }
    this.#flying.add(startedAtMs);
    this.flyingMax = Math.max(this.flyingMax, this.#flying.size);
    if (isLost) return new Promise<never>(() => {});
    await clock.pause(delayMs);
    this.#flying.delete(startedAtMs);
    if (!isGood) throw new Error("told to fail");
    const readAtMs = startedAtMs + moment * delayMs - ageMs;
    this.goodValues.set(readAtMs, Math.min(this.goodValues.get(readAtMs) ?? Infinity, clock.nowMs));
    return { value: readAtMs, ageMs };
  }

  async read(): Promise<void> {
    const startedAtMs = this.clock.nowMs;
    const reading = await this.copies.read();
    this.reads.push({ startedAtMs, endedAtMs: this.clock.nowMs, reading });
  }
}

const answer: fc.Arbitrary<Answer> = fc.record({
  isGood: fc.boolean(),
  delayMs: fc.oneof(fc.nat(400), fc.nat(9_000), fc.nat(25_000)),
  moment: fc.double({ min: 0, max: 1, noNaN: true }),
  ageMs: fc.oneof(fc.nat(1_000), fc.nat(30_000)),
  isLost: fc.nat(9).map((number) => number === 0),
});
const happening = fc.record({
  readers: fc.nat(3),
  passMs: fc.oneof(fc.nat(100), fc.nat(3_000), fc.nat(20_000)),
});

/** Plays what is told, and ends when every reader has its answer. */
async function play(
  answers: Answer[],
  happenings: { readers: number; passMs: number }[],
  stored?: Copy<number>,
): Promise<Source> {
  const source = new Source(answers, stored);
  const readers: Promise<void>[] = [];
  for (const { readers: count, passMs } of happenings) {
    for (let index = 0; index < count; index++) readers.push(source.read());
    await source.clock.advance(passMs);
  }
  await source.clock.advance(waitMsMax.missing);
  await Promise.all(readers);
  return source;
}

/** The property holds for any answers and any times; `check` gets what happened. */
function holds(check: (source: Source) => void) {
  return fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 8 }),
      fc.array(happening, { minLength: 1, maxLength: 15 }),
      async (answers, happenings) => check(await play(answers, happenings)),
    ),
    { numRuns: 300 },
  );
}

/** When each reading began to exist for readers. */
const heldSince = (source: Source) => Math.min(...source.goodValues.values());

test("read() never gives nothing once there has been a good answer", () =>
  holds((source) => {
    for (const { endedAtMs, reading } of source.reads) {
      if (endedAtMs > heldSince(source)) expect(reading).toBeDefined();
      if (!reading) expect(endedAtMs).toBeLessThanOrEqual(heldSince(source));
    }
  }));

test("read() gives nothing but good answers, and never an older one after a newer one", () =>
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

test("read() never says an age that is too small, and calls stale what is older than 10 s", () =>
  holds((source) => {
    for (const { endedAtMs, reading } of source.reads) {
      if (!reading) continue;
      // The times are fractions, whose sums differ in the last digit.
      expect(reading.ageMs).toBeGreaterThanOrEqual(endedAtMs - reading.value - 1e-6);
      if (endedAtMs - reading.value > staleMs + 1e-6) expect(reading.isStale).toBe(true);
      expect(reading.isStale).toBe(reading.ageMs > staleMs);
    }
  }));

test("read() starts one load at a time, and none within a second after another", () =>
  holds((source) => {
    expect(source.flyingMax).toBeLessThanOrEqual(1);
    for (const [index, start] of source.starts.slice(1).entries()) {
      expect(start - source.starts[index]!).toBeGreaterThanOrEqual(gapMs);
    }
  }));

test("read() answers within the bound of what there is when it is asked", () =>
  holds((source) => {
    const copies = [...source.goodValues.entries()];
    for (const { startedAtMs, endedAtMs } of source.reads) {
      const hadCopy = copies.some(([, since]) => since < startedAtMs);
      const bound = hadCopy ? waitMsMax.stale : waitMsMax.missing;
      expect(endedAtMs - startedAtMs).toBeLessThanOrEqual(bound);
    }
  }));

test("read() keeps what it accepts in the store, each newer than the one before", () =>
  holds((source) => {
    for (const [index, copy] of source.stored.entries()) {
      expect(source.goodValues.has(copy.value)).toBe(true);
      const before = source.stored[index - 1];
      if (before) expect(copy.readAtMs).toBeGreaterThanOrEqual(before.readAtMs);
    }
  }));

const good = (delayMs: number, ageMs = 0): Answer => {
  return { isGood: true, delayMs, moment: 1, ageMs, isLost: false };
};
const failing = (delayMs: number): Answer => ({ ...good(delayMs), isGood: false });
const lost: Answer = { ...good(0), isLost: true };

/** A source whose copy has the given age now. */
function sourceWithCopy(ageMs: number, ...answers: Answer[]): Source {
  const readAtMs = new VirtualClock().nowMs - ageMs;
  return new Source(answers, { value: readAtMs, readAtMs });
}

/** How long a reader waits, and what for. */
async function readOnce(source: Source) {
  const done = source.read();
  await source.clock.advance(lostMs);
  await done;
  const { startedAtMs, endedAtMs, reading } = source.reads.at(-1)!;
  return { waitedMs: endedAtMs - startedAtMs, ...reading };
}

test("read() serves a copy of 2 s at once and asks nobody", async () => {
  const source = sourceWithCopy(freshMs, good(5));
  expect(await readOnce(source)).toMatchObject({ waitedMs: 0, ageMs: freshMs, isStale: false });
  expect(source.starts).toEqual([]);
});

test("read() waits 300 ms for a newer copy while the one it has is not stale", async () => {
  const quick = await readOnce(sourceWithCopy(freshMs + 1, good(250)));
  expect(quick).toMatchObject({ waitedMs: 250, ageMs: 250 });
  const slow = await readOnce(sourceWithCopy(freshMs + 1, good(400)));
  expect(slow).toMatchObject({ waitedMs: 300, ageMs: freshMs + 301, isStale: false });
});

test("read() waits 2 s for a newer copy when it has a stale one, then serves that", async () => {
  const quick = await readOnce(sourceWithCopy(staleMs + 1, good(1_900)));
  expect(quick).toMatchObject({ waitedMs: 1_900, isStale: false });
  const slow = await readOnce(sourceWithCopy(staleMs + 1, good(2_100)));
  expect(slow).toMatchObject({ waitedMs: 2_000, ageMs: staleMs + 2_001, isStale: true });
});

test("read() waits 300 ms with a stale copy when the load before has failed", async () => {
  const source = sourceWithCopy(staleMs + 1, failing(100), failing(2_500));
  expect(await readOnce(source)).toMatchObject({ waitedMs: 100, isStale: true });
  expect(await readOnce(source)).toMatchObject({ waitedMs: 300, isStale: true });
});

test("read() waits 2 s with a stale copy again once a load has succeeded", async () => {
  const source = sourceWithCopy(staleMs + 1, failing(100), good(10), good(2_500));
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

test("read() asks once for any number of readers, and they all get the answer", async () => {
  const source = new Source([good(50)]);
  const readers = Array.from({ length: 1_000 }, () => source.read());
  await source.clock.advance(50);
  await Promise.all(readers);
  expect(source.starts).toHaveLength(1);
  expect(new Set(source.reads.map(({ reading }) => reading?.value)).size).toBe(1);
});

test("read() starts a new load when one has been lost, whose late answer replaces nothing newer", async () => {
  const late = { ...good(lostMs + 5_000), moment: 0 };
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
  const source = sourceWithCopy(staleMs + 1, good(10), good(10));
  await readOnce(source);
  source.clock.nowMs -= 3_600_000;
  expect(await readOnce(source)).toMatchObject({ ageMs: 0 });
  expect(await readOnce(source)).toMatchObject({ waitedMs: 10, ageMs: 10 });
});
