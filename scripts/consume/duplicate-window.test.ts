import { expect, test } from "bun:test";
import fc from "fast-check";
import { DuplicateWindow } from "./duplicate-window.ts";

/** The definition: the same id stands at one of the `records` offsets before. */
function expectedAnswers(additions: { offset: number; id: number }[], records: number): boolean[] {
  return additions.map(({ offset, id }, index) =>
    additions
      .slice(0, index)
      .some((earlier) => earlier.id === id && earlier.offset >= offset - records),
  );
}

const additions = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 5 }), id: fc.nat(12) }), { maxLength: 200 })
  .map((steps) => {
    let offset = -1;
    return steps.map(({ step, id }) => {
      offset += step;
      return { offset, id };
    });
  });

test("add() answers as the definition does when ids repeat, near and far, with gaps", () => {
  fc.assert(
    fc.property(additions, fc.integer({ min: 1, max: 40 }), fc.nat(), (list, records, seed) => {
      const window = new DuplicateWindow(records, seed);
      const answers = list.map(({ offset, id }) => window.add(offset, 0, 0, 0, id));
      expect(answers).toEqual(expectedAnswers(list, records));
    }),
    { numRuns: 2_000 },
  );
});

test("add() tells ids apart when they differ in any one of the four words", () => {
  const window = new DuplicateWindow(16);
  expect(window.add(0, 1, 2, 3, 4)).toBe(false);
  expect(window.add(1, 9, 2, 3, 4)).toBe(false);
  expect(window.add(2, 1, 9, 3, 4)).toBe(false);
  expect(window.add(3, 1, 2, 9, 4)).toBe(false);
  expect(window.add(4, 1, 2, 3, 9)).toBe(false);
  expect(window.add(5, 1, 2, 3, 4)).toBe(true);
});

test("add() answers the same when offsets are beyond 2^32", () => {
  const window = new DuplicateWindow(4);
  const base = 2 ** 33 - 2;
  expect([0, 1, 2, 3, 4, 5].map((step) => window.add(base + step, 0, 0, 0, step % 3))).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});
