import { expect, test } from "bun:test";
import fc from "fast-check";
import { IdBatch } from "./id-batch.ts";
import { IdTable, RETRACTION } from "./id-table.ts";

/** The id of a number, in the words of a batch. */
const wordsOf = (id: number) => new Int32Array([id << 28, 1, 2, id]);

/** Adds an event or a retraction of an id. */
function add(table: IdTable, id: number, offset: number, retracts: boolean): void {
  if (retracts) {
    table.append(wordsOf(id), 0, offset, RETRACTION);
    return;
  }
  const batch = new IdBatch();
  const [id0, id1, id2, id3] = wordsOf(id) as unknown as [number, number, number, number];
  batch.add(offset, id0, id1, id2, id3);
  table.add({ ...batch, count: 1, perhaps: new Uint8Array(1) }, 0);
}

test("newest() answers right from validFrom on when an id is sent and taken back again and again", () => {
  const records = fc.array(fc.record({ id: fc.nat(2), gap: fc.nat(2) }), { maxLength: 40 });
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 5 }), (given, entriesMax) => {
      const [table, whole] = [entriesMax, 1_000].map((max) => new IdTable(8, max)) as [
        IdTable,
        IdTable,
      ];
      const times = [0, 0, 0];
      let next = 0;
      for (const { id, gap } of given) {
        const offset = next + gap;
        for (const one of [table, whole]) add(one, id, offset, times[id]! % 2 === 1);
        times[id]! += 1;
        next = offset + 1;
      }
      for (const id of [0, 1, 2]) {
        for (let below = Math.max(0, table.validFrom); below <= next; below++) {
          const answers = [table, whole].map((one) => one.newest(wordsOf(id), 0, below));
          expect([id, below, answers[0]]).toEqual([id, below, answers[1]]);
        }
      }
      const entries = Math.max(...times.map((count) => count));
      expect(table.validFrom > 0).toBe(entries > entriesMax);
    }),
  );
});
