import { expect, test } from "bun:test";
import { type ProduceOptions, readFlags, UsageError } from "./flags.ts";
import { helpText } from "./help.ts";

const DEFAULTS = { rate: 1, topic: "user_events", seed: "random" };
const flags = (line: string): ProduceOptions =>
  readFlags(line.split(" ").filter(Boolean), DEFAULTS)!;

test("readFlags() makes up one event a second without end when there are no flags", () => {
  expect(flags("")).toEqual({
    synthetic: {
      users: 100,
      seed: "random",
      repeated: false,
      startMs: undefined,
      spanMs: undefined,
    },
    file: undefined,
    rate: 1,
    speed: undefined,
    countMax: Number.POSITIVE_INFINITY,
    durationMs: undefined,
    waitMs: 0,
    strict: false,
    json: false,
    topic: "user_events",
  });
});

test("readFlags() reads every form of a duration", () => {
  const durations = ["30", "30s", "1.5s", "5m", "1h", "7d", "250ms"];
  expect(durations.map((text) => flags(`--duration ${text}`).durationMs)).toEqual([
    30_000, 30_000, 1_500, 300_000, 3_600_000, 604_800_000, 250,
  ]);
});

test("readFlags() sends files and histories as fast as it goes, unless told otherwise", () => {
  expect(flags("--from a.csv").rate).toBe(0);
  expect(flags("--from=a.csv --rate=5").rate).toBe(5);
  expect(flags("--start 2026-01-01 --span 2h")).toMatchObject({ rate: 0, countMax: 7_200 });
  expect(flags("--start 2026-01-01")).toMatchObject({
    rate: 1,
    countMax: Number.POSITIVE_INFINITY,
  });
});

test("readFlags() maps columns and types, several of theirs to one of ours", () => {
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
    },
  });
});

test.each([
  ["--bogus 1", "--bogus is no flag"],
  ["rate 5", "rate is no flag"],
  ["--no-json", "--no-json is no flag"],
  ["--rate x", "--rate x must be a number"],
  ["--rate -1", "--rate -1 must be a number"],
  ["--rate", "--rate  must be a number"],
  ["--users 0", "--users 0 must be a whole number from 1"],
  ["--count 1.5", "--count 1.5 must be a whole number"],
  ["--duration soon", "--duration soon must be a time"],
  ["--span 1d", "--span needs --start"],
  ["--start someday", "--start someday must be a time"],
  ["--topic a/b", "--topic a/b must be letters"],
  ["--from a --users 5", "--users cannot go with --from"],
  ["--map user_id=u", "--map needs --from"],
  ["--strict", "--strict needs --from"],
  ["--from a --speed 0", "--speed 0 must be a number above 0"],
  ["--from a --speed 1 --rate 1", "--speed and --rate exclude each other"],
  ["--from a --format xml", "--format xml must be csv or ndjson"],
  ["--from a --map user=u", '"user=u" is not OURS=THEIRS'],
  ["--from a --types view", '"view" is not OURS=THEIRS'],
  ["--from a --types view=x,click=x", "--types makes x both a view and a click"],
])("readFlags() refuses %p", (line, message) => {
  expect(() => flags(line)).toThrow(UsageError);
  expect(() => flags(line)).toThrow(message);
});

test("helpText() names every flag that readFlags() knows", async () => {
  const help = await helpText();
  for (const name of [
    "rate",
    "count",
    "duration",
    "users",
    "seed",
    "from",
    "map",
    "types",
    "speed",
  ]) {
    expect(help).toContain(`--${name}`);
  }
  expect(readFlags(["--help"], DEFAULTS)).toBeUndefined();
});
