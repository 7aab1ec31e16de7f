import { expect, test } from "bun:test";
import fc from "fast-check";
import { OffsetSet } from "./offset-set.ts";

test("has() knows the offsets that were added, and no others, wherever they lie", () => {
  const offset = fc.oneof(fc.nat(70_000), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(offset), fc.array(offset), (added, others) => {
      const set = new OffsetSet();
      for (const one of added) set.add(one);
      const expected = new Set(added);
      expect(set.size).toBe(expected.size);
      for (const one of [...added, ...others]) {
        for (const near of [one, Math.max(0, one - 1), one + 8]) {
          expect([near, set.has(near)]).toEqual([near, expected.has(near)]);
        }
      }
    }),
  );
});
