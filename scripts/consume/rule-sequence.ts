/**
 * Decides each record by the rule that held when it was counted. Every rule reads all records, since a
 * rule that begins later compares with records that stand before it.
 */
import type { DuplicateRule } from "../ledger/duplicate-rules.ts";
import { type DuplicateFinder, IdBatch } from "./horizon/id-batch.ts";

export class RuleSequence implements DuplicateFinder {
  readonly #steps: { from: number; finder: DuplicateFinder }[];
  readonly #scratch = new IdBatch();

  constructor(finders: ReadonlyMap<DuplicateRule, DuplicateFinder>) {
    this.#steps = Array.from(finders, ([{ from }, finder]) => ({ from, finder }));
  }

  decide(batch: IdBatch, appendMs: number | undefined): void {
    const { count, offsets, seen } = batch;
    const answers = this.#scratch.seen;
    for (const { from, finder } of this.#steps) {
      finder.decide(batch, appendMs);
      for (let index = 0; index < count; index++) {
        if ((offsets[index] as number) >= from) answers[index] = seen[index] as number;
      }
    }
    seen.set(answers.subarray(0, count));
  }

  async caughtUp(): Promise<void> {
    for (const { finder } of this.#steps) await finder.caughtUp();
  }

  passed(offset: number): void {
    for (const { finder } of this.#steps) finder.passed(offset);
  }
}
