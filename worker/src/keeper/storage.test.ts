import { expect, test } from "bun:test";
import { storedEntry } from "./storage.ts";

const entryOf = (readAtMs: number, value = `read at ${readAtMs}`) => ({ value, readAtMs });

/** A store for texts that are not empty, and what was written to it and to the log. */
function storeOver(stored?: unknown, isFull = false) {
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
  const options = {
    key: "summary",
    intervalMs: 10_000,
    isValid: (value: string) => value.trim().length > 0,
  };
  return { store: storedEntry<string>(storage, options, log), writes, warnings };
}

test("storedEntry() writes the first entry at once, then one each interval", () => {
  const { store, writes } = storeOver();
  for (let second = 0; second <= 25; second++) store.write(entryOf(second * 1_000));
  expect(writes).toEqual([entryOf(0), entryOf(10_000), entryOf(20_000)]);
});

test("storedEntry() stays below a tenth of the daily rows of the free plan", () => {
  const { store, writes } = storeOver();
  for (let second = 0; second < 86_400; second++) store.write(entryOf(second * 1_000));
  expect(writes).toHaveLength(8_640);
});

test("storedEntry() reads what is stored, and writes no entry that is hardly newer", () => {
  const { store, writes } = storeOver(entryOf(5_000));
  expect(store.read()).toEqual(entryOf(5_000));
  store.write(entryOf(14_999));
  expect(writes).toEqual([]);
  store.write(entryOf(15_000));
  expect(writes).toHaveLength(1);
});

test("storedEntry() reads nothing when the stored value is no entry of this version", () => {
  for (const stored of [
    undefined,
    "text",
    {},
    { value: "text" },
    entryOf(1, " "),
    { readAtMs: 1 },
  ]) {
    expect(storeOver(stored).store.read()).toBeUndefined();
  }
});

test("storedEntry() does not throw when the storage is full, and warns once an interval", () => {
  const { store, warnings } = storeOver(undefined, true);
  for (let second = 0; second < 20; second++) store.write(entryOf(second * 1_000));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain("the limit of rows is reached");
});
