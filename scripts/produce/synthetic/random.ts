/**
 * A stream of pseudo-random numbers that depends only on its seed. It uses only 32-bit integers
 * (the generator sfc32), so all runtimes agree. Not for secrets.
 */

/** 128 bits that decide the whole stream. */
export type Seed = readonly [number, number, number, number];

export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  constructor(seed: Seed) {
    this.a = seed[0] | 0;
    this.b = seed[1] | 0;
    this.c = seed[2] | 0;
    this.counter = seed[3] | 0;
    // The first outputs still resemble the seed; similar seeds diverge after a few rounds.
    for (let round = 0; round < 16; round++) this.word();
  }

  /** The next 32 bits, as a number from 0 to 2^32 - 1. */
  word(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** The next number from 0 to below 1. */
  fraction(): number {
    return this.word() / 4_294_967_296;
  }

  /** The next whole number from 0 to below `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}
