/**
 * Where events come from: the generator or a file. Both return one event at a time without waiting,
 * and say when they have to wait for more. `run` asks.
 */
import { createHash } from "node:crypto";
import type { FileOptions, SyntheticOptions } from "./flags.ts";
import { EventGenerator } from "./generate.ts";
import type { NumberedRow } from "./input/ndjson.ts";
import { readRows } from "./input/open.ts";
import { type DatedEvent, RowFault } from "./input/row.ts";
import { spreadOver } from "./synthetic/day-rhythm.ts";
import type { Seed } from "./synthetic/random.ts";

export interface Source {
  /** The next event, or undefined when `fill` has to be called first. */
  next(): DatedEvent | undefined;
  /** Waits for more events; false at the end. */
  fill(): Promise<boolean>;
}

/** The average time on a page; it decides how many visitors are present at a time. */
const SECONDS_BETWEEN_EVENTS = 20;
const SESSIONS_MAX = 256;

/** The rate of a time span without a rate of its own, in events per second. */
const RATE_OF_UNPACED_TIMES = 1_000;

/** The time of day at which a repeated run's rhythm starts. */
const MORNING_MS = 8 * 3_600_000;

/** Synthetic events without end. `rate` and `count` shape the times and the number of visitors. */
export function syntheticSource(options: SyntheticOptions, rate: number, count: number): Source {
  const generator = new EventGenerator({
    seed: seedOf(options.seed),
    users: options.users,
    sessionsMax: rate === 0 ? SESSIONS_MAX : Math.min(SESSIONS_MAX, rate * SECONDS_BETWEEN_EVENTS),
  });
  const { timeOf, rhythmOf } = clocksOf(options, rate, count);
  let index = 0;
  return {
    next() {
      const createdAtMs = timeOf(index);
      const event = generator.next(createdAtMs, rhythmOf?.(index));
      index += 1;
      return { event, createdAtMs };
    },
    fill: async () => true,
  };
}

type Clock = (index: number) => number;

/**
 * The moment of the event at each index: now, or within the given time span. A repeated run in the
 * present takes its rhythm from a fixed day, so that the same users do the same.
 */
function clocksOf(
  { startMs, spanMs, repeated }: SyntheticOptions,
  rate: number,
  count: number,
): { timeOf: Clock; rhythmOf: Clock | undefined } {
  const perSecond = rate || RATE_OF_UNPACED_TIMES;
  const steadyFrom = (firstMs: number) => (index: number) =>
    firstMs + Math.floor((index * 1_000) / perSecond);
  if (startMs === undefined) {
    return { timeOf: () => Date.now(), rhythmOf: repeated ? steadyFrom(MORNING_MS) : undefined };
  }
  if (spanMs === undefined) return { timeOf: steadyFrom(startMs), rhythmOf: undefined };
  const momentAt = spreadOver(startMs, spanMs);
  return { timeOf: (index) => momentAt(index / count), rhythmOf: undefined };
}

/** 128 bits from any text. */
function seedOf(text: string): Seed {
  const digest = createHash("sha256").update(text).digest();
  return [
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  ];
}

/** The events of a file. `onFault` is called for each row that is not an event. */
export function fileSource(
  { path, format, rules }: FileOptions,
  onFault: (lineNumber: number, fault: RowFault) => void,
): Source {
  const groups = readRows(path, format, rules);
  let rows: NumberedRow[] = [];
  let position = 0;
  return {
    next() {
      if (position === rows.length) return undefined;
      const { lineNumber, row } = rows[position]!;
      position += 1;
      if (!(row instanceof RowFault)) return row;
      // The caller checks whether this fault ends the run before it asks for the next row.
      onFault(lineNumber, row);
      return undefined;
    },
    async fill() {
      if (position < rows.length) return true;
      const group = await groups.next();
      rows = group.done ? [] : group.value;
      position = 0;
      return !group.done;
    },
  };
}
