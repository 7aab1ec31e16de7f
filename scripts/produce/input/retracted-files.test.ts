/**
 * A file is sent and taken back any number of times, with any flags, and cut anywhere. What counts in
 * the end is what a plain program says.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_TYPES } from "../../../schema/event-types.ts";
import { messageOf, retractionMessageOf } from "../../../schema/layout.ts";
import { recordBatch, type TestRecord } from "../../../tests/harness/record-batch.ts";
import { PartitionReader } from "../../consume/partition-reader.ts";
import { PlainFinder } from "../../consume/plain-finder.fixture.ts";
import { readFlags } from "../../lib/flags.ts";
import { flags, optionsOf } from "../flags.ts";
import { csvReader } from "./csv.ts";
import { readLines } from "./lines.ts";
import { ndjsonReader } from "./ndjson.ts";
import { RowFault, type RowRules } from "./row.ts";

/** The same flags for `produce` and for the plain program. */
const mappings = [
  { line: "", offset: 0, column: "event_type", types: { view: "view", click: "click" } },
  {
    line: "--user-offset 1",
    offset: 1,
    column: "event_type",
    types: { view: "view", click: "click" },
  },
  {
    line: "--types view=click,click=view",
    offset: 0,
    column: "event_type",
    types: { view: "click", click: "view" },
  },
  {
    line: "--map event_type=note --user-offset 1",
    offset: 1,
    column: "note",
    types: { view: "view", click: "click" },
  },
] as const;
type Mapping = (typeof mappings)[number];

interface Row {
  user_id: number;
  event_type: string;
  note: string;
}

const CREATED_AT = "2026-01-02T03:04:05.000Z";

const writers = {
  csv: (rows: Row[]) =>
    [
      // The moment is first, since what a cut leaves of it may be another moment.
      "created_at,user_id,event_type,note",
      ...rows.map((row) => `${CREATED_AT},${row.user_id},${row.event_type},${row.note}`),
    ].join("\n"),
  ndjson: (rows: Row[]) =>
    rows.map((row) => JSON.stringify({ ...row, created_at: CREATED_AT })).join("\n"),
};

/** What the plain program reads of a line: the fields by the file's names, or nothing. */
const parsers = {
  csv(line: string): Record<string, string | undefined> | undefined {
    const [created_at, user_id, event_type, note] = line.split(",");
    return note === undefined ? undefined : { created_at, user_id, event_type, note };
  },
  ndjson(line: string): Record<string, string | undefined> | undefined {
    try {
      return JSON.parse(line);
    } catch {
      return undefined;
    }
  },
};
type Format = keyof typeof writers;

interface Step {
  mapping: Mapping;
  retracts: boolean;
  text: string;
  chunkBytes: number;
}

/** The plain program: the readings that count, each with the row and its turn among equal rows. */
function expectedCounts(format: Format, steps: Step[]): Map<string, number> {
  const standing = new Map<string, string>();
  for (const { mapping, retracts, text } of steps) {
    const turns = new Map<string, number>();
    for (const line of text.split("\n").slice(format === "csv" ? 1 : 0)) {
      const row = parsers[format](line);
      const type: string = mapping.types[row?.[mapping.column] as "view" | "click"] ?? "none";
      const user = Number(row?.user_id) + mapping.offset;
      if (row?.created_at !== CREATED_AT || type === "none" || !(user >= 1)) continue;
      const turn = turns.get(line) ?? 0;
      turns.set(line, turn + 1);
      const key = `${line} ${turn} ${user} ${type}`;
      if (retracts) standing.delete(key);
      else standing.set(key, `${user} ${type}`);
    }
  }
  return countBy([...standing.values()]);
}

const countBy = (keys: string[]) =>
  new Map([...Map.groupBy(keys, (key) => key)].map(([key, same]) => [key, same.length]));

/** What `produce` sends. */
async function recordsOf(format: Format, step: Step): Promise<TestRecord[]> {
  const { mapping, retracts, text, chunkBytes } = step;
  const given = readFlags(["--from", "-", ...mapping.line.split(" ").filter(Boolean)], flags);
  const defaults = { rate: 1, topic: "t", seed: "s", nowMs: () => Date.UTC(2026, 5, 1) };
  const rules = optionsOf(given, defaults).file?.rules as RowRules;
  const reader = format === "csv" ? csvReader(rules) : ndjsonReader(rules);
  const rows = [];
  for await (const group of readLines(chunksOf(text, chunkBytes))) rows.push(...reader.read(group));
  rows.push(...reader.end());
  return rows.flatMap(({ row }) => {
    if (row instanceof RowFault) return [];
    return [(retracts ? retractionMessageOf : messageOf)(row.event)];
  });
}

async function* chunksOf(text: string, chunkBytes: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** What the tables hold once all is counted and replayed. */
function actualCounts(batches: TestRecord[][]): Map<string, number> {
  let offset = 0;
  const log = batches.map((records) => {
    const batch = recordBatch(records, offset);
    offset += records.length;
    return batch;
  });
  const read = { readFrom: 0, countFrom: 0 };
  const first = new PlainFinder();
  const counting = new PartitionReader({ ...read, duplicates: first });
  for (const batch of log) counting.read(batch);
  const isRemoved = (offset: number) => first.takenBack.has(offset);
  const replay = new PartitionReader({ ...read, duplicates: new PlainFinder(), isRemoved });
  for (const batch of log) replay.read(batch);
  const { users, removed, retracted } = replay.take();
  expect(removed).toBe(retracted);
  const { userIds, typeIndexes, counts } = users.columns();
  return new Map(
    userIds.map((user, index) => [
      `${user} ${EVENT_TYPES[typeIndexes[index] as number]}`,
      counts[index] as number,
    ]),
  );
}

const row: fc.Arbitrary<Row> = fc.record({
  user_id: fc.nat(2),
  event_type: fc.constantFrom("view", "click", "like"),
  note: fc.constantFrom("view", "click", ""),
});

test("a file counts as a plain program says when it is sent, cut and taken back any number of times", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Format>("csv", "ndjson"),
      fc.array(row, { maxLength: 12 }),
      fc.array(
        fc.record({
          mapping: fc.constantFrom(...mappings),
          retracts: fc.boolean(),
          cut: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
          chunkBytes: fc.integer({ min: 1, max: 200 }),
        }),
        { maxLength: 8 },
      ),
      async (format, rows, given) => {
        const text = writers[format](rows);
        const header = format === "csv" ? text.indexOf("\n") + 1 || text.length : 0;
        const steps = given.map(({ cut, ...step }) => ({
          ...step,
          text: text.slice(0, header + Math.round(cut * (text.length - header))),
        }));
        const sent = await Promise.all(steps.map((step) => recordsOf(format, step)));
        const expected = expectedCounts(format, steps);
        const actual = actualCounts(sent.filter((records) => records.length > 0));
        expect([...actual].sort()).toEqual([...expected].sort());
      },
    ),
    { numRuns: 500 },
  );
});
