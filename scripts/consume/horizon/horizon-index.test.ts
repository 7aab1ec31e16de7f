import { afterEach, expect, test } from "bun:test";
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { BrokenIndexError } from "./checksum.ts";
import type { HorizonIndex, IndexSizes } from "./horizon-index.ts";
import { IdBatch } from "./id-batch.ts";
import { openIndex } from "./open-index.ts";

const HORIZON_MS = 80;
const SLICE_MS = 10;
const SMALL: IndexSizes = { tableBits: 4, fanout: 3, savedMin: 8, entriesMax: 2 };

interface LogBatch {
  appendMs: number | undefined;
  /** A retraction may name an origin; with one that came before it takes no effect. */
  records: { offset: number; id: number; retracts?: boolean; origin?: number }[];
}

/** The definition, over the whole log: the newest record of the id in the horizon decides. */
function expectedAnswers(log: LogBatch[]): Map<number, boolean> {
  const earlier: { id: number; slice: number; retracts: boolean }[] = [];
  const origins: { origin: number; slice: number }[] = [];
  const answers = new Map<number, boolean>();
  let slice = -1;
  for (const { appendMs, records } of log) {
    // What holds no id, like a marker of a transaction, is not seen by every reader.
    if (records.length === 0) continue;
    slice = Math.max(slice, appendMs === undefined ? -1 : Math.floor(appendMs / SLICE_MS));
    for (const { offset, id, retracts = false, origin } of records) {
      if (retracts && origin !== undefined) {
        const isRepeat = origins.some(
          (other) => other.origin === origin && other.slice >= slice - 8,
        );
        origins.push({ origin, slice });
        answers.set(offset, false);
        if (isRepeat) continue;
      }
      const newest = earlier.findLast((entry) => entry.id === id && entry.slice >= slice - 8);
      answers.set(offset, newest !== undefined && !newest.retracts);
      earlier.push({ id, slice, retracts });
    }
  }
  return answers;
}

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "horizon-"));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const open = (folder: string, countFrom: number, logEnd: number, sizes = SMALL) =>
  openIndex(
    { folder, topicId: "topic", partition: 0, horizonMs: HORIZON_MS },
    { logStart: 0, logEnd, countFrom },
    sizes,
  );

const batch = new IdBatch();

/** Reads the log from an offset on, as a consumer does, and gives the answers. */
async function read(
  index: HorizonIndex,
  log: LogBatch[],
  from: number,
  isDrained = false,
  answers = new Map<number, boolean>(),
): Promise<Map<number, boolean>> {
  // An attempt that failed has left its records.
  batch.count = 0;
  for (const { appendMs, records } of log) {
    const decide = () => {
      index.decide(batch, appendMs);
      for (let at = 0; at < batch.count; at++) {
        answers.set(batch.offsets[at] as number, batch.seen[at] === 1);
      }
      batch.count = 0;
    };
    for (const { offset, id, retracts = false, origin: place } of records) {
      if (offset < from) continue;
      const origin = retracts && place !== undefined ? Int32Array.of(8, 0, 0, place) : undefined;
      if (!batch.hasRoom(offset, retracts, origin)) decide();
      batch.add(offset, 7, 0, id, id >> 1, retracts, origin);
    }
    decide();
    if (isDrained) await index.settled();
    else await index.caughtUp();
  }
  return answers;
}

/** Records of many ids, or of a few that are taken back again and again. */
const records = fc
  .tuple(fc.constantFrom(60, 3), fc.constantFrom(0, 3, 8))
  .chain(([idMax, retractions]) =>
    fc.array(
      fc.record({
        gap: fc.nat(2),
        id: fc.nat(idMax),
        retracts: fc.nat(9).map((chance) => chance < retractions),
        origin: fc.option(fc.nat(9), { nil: undefined }),
      }),
      { maxLength: 30 },
    ),
  );

const logs = fc
  .array(
    fc.record({
      step: fc.integer({ min: -15, max: 40 }),
      isStamped: fc.boolean(),
      records,
    }),
    { maxLength: 40 },
  )
  .map((batches): LogBatch[] => {
    let nowMs = 1_000;
    let offset = 0;
    return batches.map(({ step, isStamped, records }) => {
      nowMs += step;
      return {
        appendMs: isStamped ? nowMs : undefined,
        records: records.map(({ gap, origin, ...record }) => {
          offset += gap + 1;
          return { offset, ...record, ...(origin !== undefined && { origin }) };
        }),
      };
    });
  });

test("decide() answers as the definition does when the index is reopened at any place", async () => {
  await fc.assert(
    fc.asyncProperty(
      logs,
      fc.array(fc.record({ at: fc.nat(40), back: fc.nat(60), isDrained: fc.boolean() }), {
        maxLength: 6,
      }),
      async (log, stops) => {
        const expected = expectedAnswers(log);
        const folder = newFolder();
        let countFrom = 0;
        const logEnd = Number.MAX_SAFE_INTEGER;
        for (const { at, back, isDrained } of [...stops, { at: 41, back: 0, isDrained: true }]) {
          const { index } = open(folder, countFrom, logEnd);
          const readFrom = Math.min(index.validTo, countFrom);
          const answers = await read(index, log.slice(0, at), readFrom, isDrained);
          for (const [offset, answer] of answers) {
            if (offset >= countFrom)
              expect([offset, answer]).toEqual([offset, expected.get(offset)!]);
          }
          // The database may stand behind what the index holds, or before it.
          const readTo = Math.max(countFrom, ...[...answers.keys()].map((offset) => offset + 1));
          countFrom = Math.max(0, readTo - back);
        }
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 300 },
  );
}, 300_000);

/** Changes one bit of a file of the index, cuts a file, or deletes it. */
function damage(folder: string, { kind, file, place }: Damage): void {
  const [index = ""] = readdirSync(folder);
  const files = readdirSync(join(folder, index)).sort();
  if (files.length === 0) return;
  const path = join(folder, index, files[file % files.length] as string);
  const bytes = readFileSync(path);
  // Entries stand near the end of a run, behind a header that is larger than they are.
  const at = place < 0 ? Math.max(0, bytes.length + place) : place % bytes.length;
  if (kind === "delete") rmSync(path);
  else if (kind === "cut") truncateSync(path, at);
  else {
    bytes[at]! ^= 1 << (at % 8);
    writeFileSync(path, bytes);
  }
}

interface Damage {
  kind: "flip" | "cut" | "delete";
  file: number;
  place: number;
}

const damages: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("flip", "flip", "cut", "delete"),
  file: fc.nat(30),
  place: fc.oneof(fc.integer({ min: -400, max: -1 }), fc.nat(2_000)),
});

test("decide() answers right or not at all when a file of the index was damaged", async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(40), damages, async (log, at, harm) => {
      const expected = expectedAnswers(log);
      const folder = newFolder();
      const { index } = open(folder, 0, Number.MAX_SAFE_INTEGER);
      const first = await read(index, log.slice(0, at), 0);
      await index.flush();
      index.close();
      damage(folder, harm);
      let countFrom = Math.max(0, ...[...first.keys()].map((offset) => offset + 1));
      for (let attempt = 0; attempt < 5; attempt++) {
        const { index: reopened } = open(folder, countFrom, Number.MAX_SAFE_INTEGER);
        const answers = new Map<number, boolean>();
        try {
          await read(reopened, log, Math.min(reopened.validTo, countFrom), false, answers);
          attempt = 5;
        } catch (error) {
          expect(error).toBeInstanceOf(BrokenIndexError);
        }
        for (const [offset, answer] of answers) {
          if (offset >= countFrom)
            expect([offset, answer]).toEqual([offset, expected.get(offset)!]);
        }
        countFrom = Math.max(countFrom, ...[...answers.keys()].map((offset) => offset + 1));
      }
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 600 },
  );
}, 300_000);

test("decide() throws when it needs a damaged entry, and the next index reads it from the log", async () => {
  const records = (from: number) =>
    Array.from({ length: 9 }, (_, step) => ({ offset: from + step, id: step }));
  const log = [0, 9, 18].map((from) => ({ appendMs: 1_000, records: records(from) }));
  const folder = newFolder();
  const { index } = open(folder, 0, 27);
  await read(index, log.slice(0, 1), 0, true);
  await index.flush();
  await read(index, log.slice(1, 2), 9, true);
  await index.flush();
  index.close();
  // The filter was saved, so opening reads no entries.
  damage(folder, { kind: "flip", file: 0, place: -30 });

  const { index: damaged } = open(folder, 18, 27);
  expect(damaged.validTo).toBe(18);
  expect(read(damaged, log.slice(2), 18)).rejects.toThrow("a block is damaged");
  const { index: mended } = open(folder, 18, 27);
  expect(mended.validTo).toBe(0);
  const answers = await read(mended, log, 0);
  expect([...answers.values()].filter(Boolean)).toHaveLength(18);
});

test("openIndex() keeps one index, the longer one, when there are two of a partition", async () => {
  const log = [{ appendMs: 1_000, records: [{ offset: 0, id: 1 }] }];
  const folder = newFolder();
  const { index } = open(folder, 0, 1);
  await read(index, log, 0);
  await index.flush();
  cpSync(index.folder, join(folder, "topic-0-another"), { recursive: true });
  writeFileSync(join(folder, "topic-0-another", "manifest"), "torn");
  const { index: kept } = open(folder, 1, 1);
  expect([kept.validTo, readdirSync(folder).length]).toEqual([1, 1]);
});

test("a write fails when another process has taken the index over, and says so", async () => {
  const log = [{ appendMs: 1_000, records: [{ offset: 0, id: 1 }] }];
  const folder = newFolder();
  const { index } = open(folder, 0, 1);
  await read(index, log, 0);
  open(folder, 0, 1);
  expect(index.flush()).rejects.toThrow("Another consumer has taken the index over");
});

test("checkLast() removes an index of another log, and closing it again does no harm", async () => {
  const log = [{ appendMs: 1_000, records: [{ offset: 0, id: 1 }] }];
  const folder = newFolder();
  const { index } = open(folder, 0, 1);
  await read(index, log, 0);
  await index.flush();
  batch.count = 0;
  batch.add(0, 7, 0, 2, 1);
  expect(() => index.checkLast(batch)).toThrow("another record where the index ends");
  // Another file may have the descriptor now, and must stay open.
  const other = openSync(join(folder, "other"), "w");
  index.close();
  writeSync(other, "still open");
  closeSync(other);
  expect(readdirSync(folder)).toEqual(["other"]);
});
