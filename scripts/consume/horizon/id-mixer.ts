/**
 * Mixes the 128 bits of an event id by a key. The result decides where an id stands in tables, filters
 * and runs. Nobody without the key can send ids that all fall into one place. It is a bijection: equal
 * results are equal ids, and no answer is ever wrong because of a hash. Pure.
 */

import { ID_WORDS } from "./id-batch.ts";

export class IdMixer {
  readonly #key0: number;
  readonly #key1: number;
  readonly #key2: number;
  readonly #key3: number;

  /** @param key four random words of 32 bits */
  constructor(key: ArrayLike<number>) {
    this.#key0 = key[0] as number;
    this.#key1 = key[1] as number;
    this.#key2 = key[2] as number;
    this.#key3 = key[3] as number;
  }

  /**
   * Writes `count` mixed ids of `from` into `to`, in two rounds. A step adds a function of another
   * word to one, or folds a word onto itself. Both can be undone.
   */
  mix(from: Int32Array, to: Int32Array, count: number): void {
    const key0 = this.#key0;
    const key1 = this.#key1;
    const key2 = this.#key2;
    const key3 = this.#key3;
    for (let at = 0; at < count * ID_WORDS; at += ID_WORDS) {
      let a = (from[at] as number) ^ key0;
      let b = (from[at + 1] as number) ^ key1;
      let c = (from[at + 2] as number) ^ key2;
      let d = (from[at + 3] as number) ^ key3;
      a = (a + Math.imul(d ^ (d >>> 15), 0x85ebca6b)) | 0;
      a ^= a >>> 16;
      b = (b + Math.imul(a ^ (a >>> 13), 0xc2b2ae35)) | 0;
      b ^= b >>> 15;
      c = (c + Math.imul(b ^ (b >>> 16), 0x27d4eb2f)) | 0;
      c ^= c >>> 13;
      d = (d + Math.imul(c ^ (c >>> 15), 0x165667b1)) | 0;
      d ^= d >>> 16;
      a = (a + Math.imul(d ^ (d >>> 13), 0x9e3779b1)) | 0;
      a ^= a >>> 15;
      b = (b + Math.imul(a ^ (a >>> 16), 0x85ebca6b)) | 0;
      b ^= b >>> 13;
      c = (c + Math.imul(b ^ (b >>> 15), 0xc2b2ae35)) | 0;
      c ^= c >>> 16;
      d = (d + Math.imul(c ^ (c >>> 13), 0x27d4eb2f)) | 0;
      d ^= d >>> 15;
      to[at] = a;
      to[at + 1] = b;
      to[at + 2] = c;
      to[at + 3] = d;
    }
  }
}
