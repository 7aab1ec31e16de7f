/** Decides which ids stand by the simplest code: a set of all of them, without a horizon. */
import { type DuplicateFinder, ID_WORDS, type IdBatch } from "./horizon/id-batch.ts";

export class PlainFinder implements DuplicateFinder {
  /** Offsets of events that were taken back. */
  readonly takenBack = new Set<number>();
  /** The offset of each id that stands, or of the place from which a retraction came. */
  readonly #standing = new Map<string, number>();

  decide({ count, words, offsets, seen, retracts, origin }: IdBatch): void {
    const sentHome = origin && `${origin}`;
    const isRepeat = sentHome !== undefined && this.#standing.has(sentHome);
    if (sentHome !== undefined) this.#standing.set(sentHome, offsets[0] as number);
    for (let index = 0; index < count; index++) {
      const id = `${words.subarray(index * ID_WORDS, (index + 1) * ID_WORDS)}`;
      const standing = isRepeat ? undefined : this.#standing.get(id);
      seen[index] = standing === undefined ? 0 : 1;
      if (isRepeat) continue;
      if (!retracts) this.#standing.set(id, standing ?? (offsets[index] as number));
      else if (standing !== undefined) {
        this.#standing.delete(id);
        this.takenBack.add(standing);
      }
    }
  }

  passed(): void {}

  caughtUp(): undefined {}
}
