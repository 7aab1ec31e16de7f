import { expect, test } from "bun:test";
import { UsageError } from "../lib/errors.ts";
import { readFlags } from "../lib/flags.ts";
import { flags as definitions, optionsOf, type ProduceOptions } from "./flags.ts";

const DEFAULTS = {
  rate: 1,
  topic: "user_events",
  seed: "random",
  nowMs: () => Date.UTC(2026, 1, 1),
};
const flags = (line: string): ProduceOptions =>
  optionsOf(readFlags(line.split(" ").filter(Boolean), definitions), DEFAULTS);

test("optionsOf() makes up one event a second without end when there are no flags", () => {
  expect(flags("")).toEqual({
    synthetic: {
      users: 100,
      seed: "random",
      repeated: false,
      startMs: undefined,
      spanMs: undefined,
    },
    file: undefined,
    retracts: false,
    rate: 1,
    speed: undefined,
    countMax: Number.POSITIVE_INFINITY,
    durationMs: undefined,
    waitMs: Number.POSITIVE_INFINITY,
    serves: true,
    strict: false,
    json: false,
    topic: "user_events",
  });
});

test("optionsOf() sends files and histories as fast as it goes, unless told otherwise", () => {
  expect(flags("--from a.csv").rate).toBe(0);
  expect(flags("--from=a.csv --rate=5").rate).toBe(5);
  expect(flags("--start 2026-01-01 --span 2h")).toMatchObject({ rate: 0, countMax: 7_200 });
  expect(flags("--start 2026-01-01")).toMatchObject({
    rate: 1,
    countMax: Number.POSITIVE_INFINITY,
  });
});

test("optionsOf() lets a run without an end wait forever and serve its health", () => {
  const endless = { waitMs: Number.POSITIVE_INFINITY, serves: true };
  const ending = { waitMs: 600_000, serves: false };
  expect(flags("--rate 5")).toMatchObject(endless);
  for (const line of ["--from a.csv", "--count 5", "--duration 5s", "--start 2026-01-01 --span 2h"])
    expect(flags(line)).toMatchObject(ending);
  expect(flags("--from - --wait forever --metrics")).toMatchObject(endless);
  expect(flags("--wait 30s").waitMs).toBe(30_000);
});

test("optionsOf() takes a file back when it is told to, and nothing else", () => {
  expect(flags("--from a.csv --retract --user-offset 1")).toMatchObject({ retracts: true });
  expect(() => flags("--retract")).toThrow("Cannot use --retract: it needs --from");
});

test("optionsOf() lets --retract take back events of any moment, and sends none of them", () => {
  const counts = (line: string) =>
    ["1969-12-31", "2026-02-01", "2026-02-03"].map((day) =>
      flags(line).file!.rules.momentCounts(Date.parse(day)),
    );
  expect(counts("--from a.csv")).toEqual([false, true, false]);
  expect(counts("--from a.csv --retract")).toEqual([true, true, true]);
});

test("optionsOf() maps columns and types, several of theirs to one of ours", () => {
  const { file } = flags(
    "--from - --map user_id=session,created_at=ts --types view=clicks|shown,click=carts --user-offset 1",
  );
  expect(file).toEqual({
    path: "-",
    format: undefined,
    rules: {
      columns: {
        event_id: "event_id",
        user_id: "session",
        event_type: "event_type",
        created_at: "ts",
      },
      types: new Map([
        ["clicks", "view"],
        ["shown", "view"],
        ["carts", "click"],
        ["purchase", "purchase"],
      ]),
      userOffset: 1,
      momentCounts: expect.any(Function),
    },
  });
});

test.each([
  ["--rate x", "Cannot use --rate x: it must be a number"],
  ["--rate -1", "Cannot use --rate -1: it must be a number"],
  ["--users 0", "Cannot use --users 0: it must be a whole number from 1"],
  ["--count 1.5", "Cannot use --count 1.5: it must be a whole number"],
  ["--span 1d", "Cannot use --span: it needs --start"],
  ["--start someday", "Cannot use --start someday: it must be a time"],
  ["--start 2026-02-03", "Cannot use --start: events more than 24 hours from now do not count"],
  [
    "--start 2026-01-01 --span 33d",
    "Cannot use --span: events more than 24 hours from now do not count",
  ],
  ["--topic a/b", "Cannot use --topic a/b: it must be letters"],
  ["--from a --users 5", "Cannot use --users: it cannot go with --from"],
  ["--map user_id=u", "Cannot use --map: it needs --from"],
  ["--strict", "Cannot use --strict: it needs --from"],
  ["--from a --speed 0", "Cannot use --speed 0: it must be a number above 0"],
  ["--from a --speed 1 --rate 1", "Cannot use --speed and --rate together"],
  ["--from a --format xml", "Cannot use --format xml: it must be one of csv, ndjson"],
  ["--from a --map user=u", '"user=u" is not OURS=THEIRS'],
  ["--from a --types view", '"view" is not OURS=THEIRS'],
  ["--from a --types view=x,click=x", "it makes x both a view and a click"],
])("optionsOf() refuses %p", (line, message) => {
  expect(() => flags(line)).toThrow(UsageError);
  expect(() => flags(line)).toThrow(message);
});
