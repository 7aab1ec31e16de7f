import { expect, test } from "bun:test";
import fc from "fast-check";
import { Partitioners } from "./kafkajs.ts";
import { partitionOf } from "./partition.ts";

const theirs = (key: string, partitionCount: number) =>
  Partitioners.DefaultPartitioner()({
    topic: "topic",
    partitionMetadata: Array.from({ length: partitionCount }, (_, partitionId) => ({
      partitionId,
      leader: 0,
      isr: [0],
      partitionErrorCode: 0,
      replicas: [0],
    })),
    message: { key, value: "" },
  });

test("partitionOf() names the partition that kafkajs' default partitioner names", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 200 }), (userId, partitionCount) => {
      const key = String(userId);
      expect(partitionOf(key, partitionCount)).toBe(theirs(key, partitionCount));
    }),
    { numRuns: 5_000 },
  );
});

test("partitionOf() agrees for ASCII keys of every length", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 40 }), (key) => {
      expect(partitionOf(key, 7)).toBe(theirs(key, 7));
    }),
    { numRuns: 2_000 },
  );
});
