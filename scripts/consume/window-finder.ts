/**
 * Decides by a window of records, as before there was a horizon: for records that were counted so. No
 * event was taken back at that time.
 */
import { DuplicateWindow } from "./duplicate-window.ts";
import { type DuplicateFinder, ID_WORDS, type IdBatch } from "./horizon/id-batch.ts";

export class WindowFinder implements DuplicateFinder {
  readonly #window: DuplicateWindow;

  constructor(records: number) {
    this.#window = new DuplicateWindow(records);
  }

  decide({ count, retracts, offsets, words, seen }: IdBatch): void {
    if (retracts) return;
    for (let index = 0, at = 0; index < count; index++, at += ID_WORDS) {
      const isDuplicate = this.#window.add(
        offsets[index] as number,
        words[at] as number,
        words[at + 1] as number,
        words[at + 2] as number,
        words[at + 3] as number,
      );
      seen[index] = isDuplicate ? 1 : 0;
    }
  }

  passed(): void {}

  caughtUp(): undefined {}
}
