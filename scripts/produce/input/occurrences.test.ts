import { expect, test } from "bun:test";
import { hash } from "node:crypto";
import fc from "fast-check";
import { Occurrences } from "./occurrences.ts";

test("add() returns how often a row had come, for any rows in any order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { maxLength: 2_000 }),
      fc.integer({ min: 0, max: 300 }),
      (rows, repeats) => {
        const occurrences = new Occurrences();
        const all = rows.concat(Array.from({ length: repeats }, () => 7));
        const counts = new Map<number, number>();
        for (const row of all) {
          const count = counts.get(row) ?? 0;
          counts.set(row, count + 1);
          expect(occurrences.add(hash("sha256", `${row}`))).toBe(count);
        }
      },
    ),
  );
});

test("add() keeps rows apart that differ in any of 64 bits", () => {
  const occurrences = new Occurrences();
  for (let bit = 0n; bit < 64n; bit++) {
    const digest = (1n << bit).toString(16).padStart(16, "0");
    expect(occurrences.add(digest)).toBe(0);
    expect(occurrences.add(`${digest}ffff`)).toBe(1);
  }
  expect(occurrences.add("0".repeat(16))).toBe(0);
});

test("add() takes at most 16 bytes for a row, and finds each row again when there are 500,000", () => {
  const ROWS = 500_000;
  const digestOf = (row: number) => hash("sha256", `${row}`);
  const occurrences = new Occurrences();
  Bun.gc(true);
  const before = process.memoryUsage().external;
  for (let row = 0; row < ROWS; row++) {
    if (occurrences.add(digestOf(row)) !== 0) throw new Error(`row ${row} had come`);
  }
  Bun.gc(true);
  expect(process.memoryUsage().external - before).toBeLessThan(16 * ROWS);
  for (let row = 0; row < ROWS; row++) {
    if (occurrences.add(digestOf(row)) !== 1) throw new Error(`row ${row} had not come`);
  }
});
