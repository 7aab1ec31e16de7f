/**
 * How fast a partitioned log was counted while processes were killed and frozen, from samples of the
 * stored offsets. It also tells for how long partitions stood still. Pure.
 */
import { sum } from "../../scripts/lib/sum.ts";

/** The stored offset of each partition at one moment. */
export interface Sample {
  atMs: number;
  offsets: readonly number[];
}

interface Span {
  fromMs: number;
  toMs: number;
}

/** A fault of some process, from its beginning until the process runs again. */
export interface Disturbance extends Span {
  /** Whether consumers read on meanwhile, so that the time counts, although nothing is stored. */
  readsOn: boolean;
}

/** A part of the time. */
interface Part {
  seconds: number;
  /** Records for each second; NaN when there is no time. */
  perSecond: number;
}

export interface CountingTime {
  whole: Part;
  /** Without the time in which nothing was counted at all. */
  counting: Part;
  /** Without the time that faults have disturbed, with the records of that time. */
  quiet: Part;
  /** The longest time for which a partition stood still, in milliseconds. */
  longestPauseMs: number;
  /** The same for a partition that no fault has disturbed meanwhile. */
  longestQuietPauseMs: number;
}

/** Transactions have a distance of half a second, so a shorter time says nothing. */
const STANDSTILL_MS_MIN = 1_000;

/** The samples from the first stored record to the last of `records`; all of them hold one. */
export function whileCounting(samples: readonly Sample[], records: number): Sample[] {
  const isAt = (least: number) => (sample: Sample) => sum(sample.offsets) >= least;
  const last = samples.findIndex(isAt(records));
  return samples.slice(samples.findIndex(isAt(1)), last < 0 ? undefined : last + 1);
}

/**
 * A fault disturbs until each partition has moved again after its end. A partition at its end in
 * `ends` cannot move.
 * @param samples in the order of time, at least two
 */
export function countingTime(
  samples: readonly Sample[],
  ends: readonly number[],
  disturbances: readonly Disturbance[],
): CountingTime {
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample];
  const records = sum(last.offsets) - sum(first.offsets);
  const seconds = (last.atMs - first.atMs) / 1_000;
  const disturbed = disturbances.map(({ fromMs, toMs }) => ({
    fromMs,
    toMs: movedAgainMs(samples, ends, toMs),
  }));
  const quiet = partOutside(samples, disturbed);
  const reading = disturbances.filter(({ readsOn }) => readsOn);
  const total = samples.map(({ atMs, offsets }) => ({ atMs, offsets: [sum(offsets)] }));
  const standstills = pausesOf(total, 0, sum(ends)).filter(
    (pause) => lengthMs(pause) > STANDSTILL_MS_MIN && isOutside(pause, reading),
  );
  const countingSeconds = seconds - sum(standstills.map(lengthMs)) / 1_000;
  const pauses = ends.flatMap((end, partition) => pausesOf(samples, partition, end));
  const longestMs = (some: readonly Span[]) => Math.max(0, ...some.map(lengthMs));
  return {
    whole: { seconds, perSecond: records / seconds },
    counting: { seconds: countingSeconds, perSecond: records / countingSeconds },
    quiet,
    longestPauseMs: longestMs(pauses),
    longestQuietPauseMs: longestMs(pauses.filter((pause) => isOutside(pause, disturbed))),
  };
}

const lengthMs = ({ fromMs, toMs }: Span) => toMs - fromMs;

const isOutside = ({ fromMs, toMs }: Span, spans: readonly Span[]) =>
  spans.every((span) => span.toMs <= fromMs || span.fromMs >= toMs);

function partOutside(samples: readonly Sample[], spans: readonly Span[]): Part {
  let [ms, records] = [0, 0];
  for (const [index, { atMs, offsets }] of samples.entries()) {
    const before = samples[index - 1];
    if (!before || !isOutside({ fromMs: before.atMs, toMs: atMs }, spans)) continue;
    ms += atMs - before.atMs;
    records += sum(offsets) - sum(before.offsets);
  }
  return { seconds: ms / 1_000, perSecond: records / (ms / 1_000) };
}

/** When each partition has moved since `fromMs`, or the last sample. */
function movedAgainMs(samples: readonly Sample[], ends: readonly number[], fromMs: number): number {
  const after = samples.filter(({ atMs }) => atMs >= fromMs);
  const start = after[0]?.offsets;
  const moved = after.find(({ offsets }) =>
    offsets.every(
      (offset, partition) => offset > (start?.[partition] ?? 0) || offset === ends[partition],
    ),
  );
  return (moved ?? samples.at(-1))?.atMs ?? fromMs;
}

/** The times between two moves of the partition. */
function pausesOf(samples: readonly Sample[], partition: number, end: number): Span[] {
  const pauses: Span[] = [];
  let since: Sample | undefined;
  for (const sample of samples) {
    if (since && sample.offsets[partition] === since.offsets[partition]) continue;
    if (since) pauses.push({ fromMs: since.atMs, toMs: sample.atMs });
    since = sample;
    if (sample.offsets[partition] === end) break;
  }
  return pauses;
}
