/**
 * Time in slices, as the log itself tells it. The horizon of a record is the slice of its batch and the
 * `SLICES` before it. A batch with an id belongs to the highest slice that the broker has stamped up
 * to there, on batches with an id. So a clock that steps back moves nothing. Pure.
 */

/** How many earlier slices a horizon has. It is therefore between H and 9/8 H. */
export const SLICES = 8;

export const sliceMsOf = (horizonMs: number) => Math.max(1, Math.ceil(horizonMs / SLICES));

export interface SliceStart {
  slice: number;
  offset: number;
}

export class Slices {
  readonly #sliceMs: number;
  /** In order of both fields. */
  #starts: SliceStart[];
  current: number;

  constructor(sliceMs: number, current = -1, starts: readonly SliceStart[] = []) {
    this.#sliceMs = sliceMs;
    this.current = current;
    this.#starts = [...starts];
  }

  /** The slice of a batch that follows everything that was read so far. */
  next(appendMs: number | undefined): number {
    if (appendMs === undefined) return this.current;
    return Math.max(this.current, Math.floor(appendMs / this.#sliceMs));
  }

  begin(slice: number, offset: number): void {
    this.current = slice;
    this.#starts.push({ slice, offset });
  }

  /** The slice of an offset that was read before. */
  of(offset: number): number {
    const start = this.#starts.findLast((start) => start.offset <= offset);
    return (start ?? this.#starts[0])?.slice ?? this.current;
  }

  /** Offset at which the first slice from `slice` on begins; undefined when there is none yet. */
  startOf(slice: number): number | undefined {
    return this.#starts.find((start) => start.slice >= slice)?.offset;
  }

  /** The starts below an offset, of slices that are not older than `oldest`. */
  startsBelow(offset: number, oldest: number): SliceStart[] {
    return this.#starts.filter((start) => start.offset < offset && start.slice >= oldest);
  }

  forget(oldest: number): void {
    this.#starts = this.#starts.filter(({ slice }) => slice >= oldest);
  }
}
