/**
 * The index of event ids alone, from a million ids on. It tells what a new id and a repeated one cost,
 * and how long the index holds the thread. It also tells the bytes on the disk and the time of taking
 * the index up. The window of 65,536 records that it has replaced stands beside it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuplicateWindow } from "../../scripts/consume/duplicate-window.ts";
import type { HorizonIndex } from "../../scripts/consume/horizon/horizon-index.ts";
import { ID_WORDS, IdBatch } from "../../scripts/consume/horizon/id-batch.ts";
import { IdMixer } from "../../scripts/consume/horizon/id-mixer.ts";
import { openIndex } from "../../scripts/consume/horizon/open-index.ts";
import type { Bench } from "../rig/bench.ts";
import { disturbance, measureCpu } from "../rig/cpu.ts";

const MILLION = 1_000_000;
/** The sizes at which a million more is measured, in millions. */
const SIZES = [1, 2, 5, 10, 20, 50, 100];
const QUICK_SIZES = [1, 2, 5];
const BATCH = 2_000;
const AGAIN = 100_000;
const WEEK_MS = 604_800_000;

export interface DuplicatesRow {
  /** Ids in the index; undefined for the window. */
  ids: number | undefined;
  /** CPU of a new id, in nanoseconds, with all merges that it causes. */
  newNs: number;
  /** CPU of an id that stands anywhere in the index. */
  againNs: number | undefined;
  /** The longest time for which one batch of 2,000 held the thread. */
  longestMs: number;
  bytesPerId: number | undefined;
  takeUpMs: number | undefined;
  residentBytes: number;
  othersShare: number;
}

/** Ids that look random and can be made again: id `n` is the number `n`, mixed. */
class Ids {
  readonly batch = new IdBatch();
  readonly #mixer = new IdMixer([17, 19, 23, 29]);
  readonly #numbers = new Int32Array(IdBatch.SIZE * ID_WORDS);

  /** `numberOf` gives the number of each id; the records stand from `offset` on. */
  fill(count: number, offset: number, numberOf: (index: number) => number): IdBatch {
    for (let index = 0; index < count; index++) this.#numbers[index * ID_WORDS] = numberOf(index);
    this.#mixer.mix(this.#numbers, this.batch.words, count);
    for (let index = 0; index < count; index++) this.batch.offsets[index] = offset + index;
    this.batch.count = count;
    return this.batch;
  }
}

export async function duplicates(bench: Bench): Promise<DuplicatesRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "bench-horizon-"));
  try {
    const rows = [window(bench)];
    let index = take(folder, 0).index;
    const ids = new Ids();
    let held = 0;
    let offset = 0;
    const add = async (count: number) => {
      let longestMs = 0;
      for (const end = held + count; held < end; held += BATCH) {
        const batch = ids.fill(BATCH, offset, (at) => held + at);
        longestMs = Math.max(longestMs, decide(index, batch));
        offset += BATCH;
        await index.caughtUp();
        // The consumer waits for the next fetch here, and the disk gets its turn.
        if (held % (25 * BATCH) === 0) await new Promise(setImmediate);
      }
      return longestMs;
    };
    for (const size of bench.effort.quick ? QUICK_SIZES : SIZES) {
      bench.say(`duplicates: ${size} million ids`);
      await add((size - 1) * MILLION - held);
      const used = measureCpu(bench.stack, "own");
      const longestMs = await add(MILLION);
      const cpu = used();
      const againUsed = measureCpu(bench.stack, "own");
      for (let done = 0; done < AGAIN; done += BATCH) {
        const batch = ids.fill(BATCH, offset, (at) => ((done + at) * 7_919) % held);
        index.decide(batch, WEEK_MS);
        if (batch.seen.subarray(0, BATCH).includes(0)) throw new Error("An id was not found again");
        offset += BATCH;
      }
      const again = againUsed();
      await index.flush();
      index.close();
      const startMs = performance.now();
      index = take(folder, offset).index;
      rows.push({
        ids: held,
        newNs: (cpu.client / MILLION) * 1e9,
        againNs: (again.client / AGAIN) * 1e9,
        longestMs,
        bytesPerId: index.bytes / held,
        takeUpMs: performance.now() - startMs,
        residentBytes: process.memoryUsage.rss(),
        othersShare: disturbance(cpu),
      });
    }
    index.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function decide(index: HorizonIndex, batch: IdBatch): number {
  const startMs = performance.now();
  index.decide(batch, WEEK_MS);
  return performance.now() - startMs;
}

const take = (folder: string, countFrom: number) =>
  openIndex(
    { folder, topicId: "bench", partition: 0, horizonMs: WEEK_MS },
    { logStart: 0, logEnd: Number.MAX_SAFE_INTEGER, countFrom },
  );

function window(bench: Bench): DuplicatesRow {
  bench.say("duplicates: the window of 65,536 records");
  const ids = new Ids();
  const kept = new DuplicateWindow(65_536, 7);
  let used = measureCpu(bench.stack, "own");
  let longestMs = 0;
  // The first million compiles it.
  for (let number = 0; number < 2 * MILLION; number += BATCH) {
    if (number === MILLION) used = measureCpu(bench.stack, "own");
    const { words } = ids.fill(BATCH, number, (at) => number + at);
    const startMs = performance.now();
    for (let at = 0; at < BATCH; at++) {
      const word = at * ID_WORDS;
      kept.add(
        number + at,
        words[word] as number,
        words[word + 1] as number,
        words[word + 2] as number,
        words[word + 3] as number,
      );
    }
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  const cpu = used();
  return {
    ids: undefined,
    newNs: (cpu.client / MILLION) * 1e9,
    againNs: undefined,
    longestMs,
    bytesPerId: undefined,
    takeUpMs: undefined,
    residentBytes: process.memoryUsage.rss(),
    othersShare: disturbance(cpu),
  };
}
