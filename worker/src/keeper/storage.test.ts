import { expect, test } from "bun:test";
import { durableCopy } from "./storage.ts";

const copyOf = (readAtMs: number, value = `read at ${readAtMs}`) => ({ value, readAtMs });

/** A place for texts that are not empty, and what was written to it and to the log. */
function placeOver(stored?: unknown, isFull = false) {
  const writes: unknown[] = [];
  const warnings: string[] = [];
  const storage = {
    get: () => stored,
    put: (_key: string, value: unknown) => {
      if (isFull) throw new Error("the limit of rows is reached");
      writes.push(value);
    },
  };
  const log = { info: () => {}, warn: (message: string) => void warnings.push(message) };
  const place = {
    key: "summary",
    intervalMs: 10_000,
    isValid: (value: string) => value.trim().length > 0,
  };
  return { copies: durableCopy<string>(storage, place, log), writes, warnings };
}

test("durableCopy() writes the first copy at once, then one each interval", () => {
  const { copies, writes } = placeOver();
  for (let second = 0; second <= 25; second++) copies.write(copyOf(second * 1_000));
  expect(writes).toEqual([copyOf(0), copyOf(10_000), copyOf(20_000)]);
});

test("durableCopy() stays below a tenth of the rows of the free plan in a day", () => {
  const { copies, writes } = placeOver();
  for (let second = 0; second < 86_400; second++) copies.write(copyOf(second * 1_000));
  expect(writes).toHaveLength(8_640);
});

test("durableCopy() gives back what is stored, and writes no copy that is hardly newer", () => {
  const { copies, writes } = placeOver(copyOf(5_000));
  expect(copies.read()).toEqual(copyOf(5_000));
  copies.write(copyOf(14_999));
  expect(writes).toEqual([]);
  copies.write(copyOf(15_000));
  expect(writes).toHaveLength(1);
});

test("durableCopy() gives nothing when what is stored is no copy of this program", () => {
  for (const stored of [
    undefined,
    "text",
    {},
    { value: "text" },
    copyOf(1, " "),
    { readAtMs: 1 },
  ]) {
    const { copies } = placeOver(stored);
    expect(copies.read()).toBeUndefined();
  }
});

test("durableCopy() lets nobody suffer from a storage that takes no more, and says so once an interval", () => {
  const { copies, warnings } = placeOver(undefined, true);
  for (let second = 0; second < 20; second++) copies.write(copyOf(second * 1_000));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain("the limit of rows is reached");
});
