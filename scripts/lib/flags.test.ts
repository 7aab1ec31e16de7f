import { expect, test } from "bun:test";
import fc from "fast-check";
import { UsageError } from "./errors.ts";
import {
  argument,
  choice,
  count,
  DURATION_MS,
  FILE,
  flag,
  json,
  NUMBER,
  readFlags,
  rest,
  text,
  toggle,
  type Values,
} from "./flags.ts";

const flags = {
  rate: flag(NUMBER, "Events per second"),
  count: flag(count(1, 1_000_000), "How many", "10"),
  wait: flag(DURATION_MS, "How long", "1m"),
  from: flag(FILE, "A file"),
  sql: { ...flag(text("TEXT"), "A text"), short: "e" },
  only: flag(choice(["database", "topic"]), "One of two"),
  follow: toggle("End after the last line", "on"),
  json,
};
const read = (...argv: string[]): Partial<Values<typeof flags>> => readFlags(argv, flags);

test("readFlags() gives fallbacks where nothing is given", () => {
  expect(read()).toEqual({ count: 10, wait: 60_000, follow: true, json: false });
});

test("readFlags() reads values behind a space or an equals sign, letters, and --no-", () => {
  expect(read("--rate", "2.5", "--count=7", "-e", "select 1", "--json", "--no-follow")).toEqual({
    ...{ rate: 2.5, count: 7, wait: 60_000, sql: "select 1", json: true, follow: false },
  });
  expect(read("--rate", "1", "--rate", "2").rate).toBe(2);
});

test("readFlags() takes arguments in their order, and all further ones where there is a rest", () => {
  const known = { action: argument(choice(["list", "show"]), "What", "list"), json };
  expect(readFlags([], known).action).toBe("list");
  expect(readFlags(["--json", "show"], known)).toEqual({ action: "show", json: true });
  const services = { services: rest("SERVICE", "Names") };
  expect(readFlags(["kafka", "--", "--x"], services)).toEqual({ services: ["kafka", "--x"] });
});

test("COUNT and NUMBER read thousands, millions and underscores", () => {
  const numbers = ["0", "1500", "1_500", "1k", "1.5K", "2m", "2M", "1G", "0.25"];
  expect(numbers.map(NUMBER.read)).toEqual([0, 1500, 1500, 1e3, 1.5e3, 2e6, 2e6, 1e9, 0.25]);
  const wrong = ["", "x", "-1", "1,5", "1e3", "k", "1kk", "1_5", "Infinity", " 1", "0x10"];
  expect(wrong.map(NUMBER.read).filter((value) => value !== undefined)).toEqual([]);
  expect(["1.5", "1.5k", "10G"].map(count().read)).toEqual([undefined, 1_500, 1e10]);
  expect(["0", "1", "5", "6"].map(count(1, 5).read)).toEqual([undefined, 1, 5, undefined]);
});

test("DURATION_MS reads every form, and seconds where there is no unit", () => {
  const forms = ["30", "30s", "1.5s", "5m", "1h", "7d", "250ms", "1h30m", "0", "5 m"];
  expect(forms.map(DURATION_MS.read)).toEqual([
    ...[30_000, 30_000, 1_500, 300_000, 3_600_000, 604_800_000, 250, 5_400_000, 0, 300_000],
  ]);
  const wrong = ["", "soon", "-1s", "1w", "s", "1h30", "1s1"];
  expect(wrong.map(DURATION_MS.read).filter((value) => value !== undefined)).toEqual([]);
});

test("DURATION_MS and count() read back what they are given", () => {
  fc.assert(
    fc.property(fc.nat(1e9), (whole) => {
      expect(count().read(String(whole))).toBe(whole);
      expect(count().read(`${whole}k`)).toBe(whole * 1_000);
      expect(DURATION_MS.read(`${whole}ms`)).toBe(whole);
      expect(DURATION_MS.read(`${whole}m${whole}ms`)).toBe(whole * 60_001);
    }),
  );
});

test.each([
  [["--rat", "5"], "Cannot use --rat: there is no such flag; did you mean --rate?"],
  [["--recuont"], "Cannot use --recuont: there is no such flag; --help lists them"],
  [["--no-folow"], "Cannot use --no-folow: there is no such flag; did you mean --no-follow?"],
  [["--no-json"], "Cannot use --no-json: there is no such flag"],
  [["--constructor"], "Cannot use --constructor: there is no such flag"],
  [["-x"], "Cannot use -x: there is no such flag"],
  [["--json=yes"], "Cannot use --json=yes: --json takes no value"],
  [["--rate", "fast"], "Cannot use --rate fast: it must be a number, 0 or more"],
  [["--rate"], "Cannot use --rate: it needs a number, 0 or more"],
  [["--from", "--json"], "Cannot use --from: it needs the path of a file"],
  [["--from="], 'Cannot use --from "": it must be the path of a file'],
  [["--wait", "soon"], "Cannot use --wait soon: it must be a time such as 30s, 5m or 12h"],
  [["--only", "topics"], "it must be one of database, topic; did you mean topic?"],
  [["rate", "5"], "Cannot use rate: this command takes no arguments; did you mean --rate?"],
])("readFlags() refuses %p and says what would be right", (argv, message) => {
  expect(() => read(...argv)).toThrow(UsageError);
  expect(() => read(...argv)).toThrow(message);
});

test("readFlags() refuses one argument too many, and a wrong one by its name", () => {
  const known = { action: argument(choice(["list", "show"]), "What", "list") };
  expect(() => readFlags(["list", "more"], known)).toThrow("this is one argument too many");
  expect(() => readFlags(["lsit"], known)).toThrow(
    "Cannot use ACTION lsit: it must be one of list, show; did you mean list?",
  );
});
