/**
 * Counts by user and event type, with the first moment of each: what one transaction adds to
 * `user_events`. Pure. A hash table with open addressing in typed arrays, because every event of
 * the hot path comes through here and a Map of objects costs five times as much.
 */
import { EVENT_TYPES } from "../../schema/event.ts";

const TYPES = EVENT_TYPES.length;
/** Cells of a user; a power of two, so that a slot's cells are found by a shift. */
const STRIDE = 2 ** Math.ceil(Math.log2(TYPES));

/** One row for `user_events`, by column; all arrays are of the same length. */
export interface UserColumns {
  userIds: number[];
  typeIndexes: number[];
  counts: number[];
  firstMs: number[];
}

export class UserCounts {
  #users = 0;
  #mask = 0;
  /** By slot: the user id, or 0 where the slot is free: ids start at 1. */
  #ids = new Float64Array(0);
  #counts = new Float64Array(0);
  #firstMs = new Float64Array(0);
  readonly #seed: number;

  constructor(seed = 0) {
    this.#seed = seed | 0;
    this.#allocate(1_024);
  }

  /** How many users have been counted. */
  get size(): number {
    return this.#users;
  }

  add(userId: number, typeIndex: number, createdAtMs: number): void {
    let slot = this.#find(userId);
    if (this.#ids[slot] === 0) {
      if (this.#users * 2 > this.#mask) {
        this.#grow();
        slot = this.#find(userId);
      }
      this.#ids[slot] = userId;
      this.#users += 1;
    }
    const cell = slot * STRIDE + typeIndex;
    const count = this.#counts[cell] as number;
    this.#counts[cell] = count + 1;
    if (count === 0 || createdAtMs < (this.#firstMs[cell] as number)) {
      this.#firstMs[cell] = createdAtMs;
    }
  }

  /**
   * The counts as rows, sorted by user and type: two transactions that touch the same rows then
   * lock them in the same order and cannot deadlock.
   */
  columns(): UserColumns {
    const sorted = this.#ids.filter((id) => id !== 0).sort();
    const columns: UserColumns = { userIds: [], typeIndexes: [], counts: [], firstMs: [] };
    for (const userId of sorted) {
      const firstCell = this.#find(userId) * STRIDE;
      for (const typeIndex of TYPES_BY_NAME) {
        const count = this.#counts[firstCell + typeIndex] as number;
        if (count === 0) continue;
        columns.userIds.push(userId);
        columns.typeIndexes.push(typeIndex);
        columns.counts.push(count);
        columns.firstMs.push(this.#firstMs[firstCell + typeIndex] as number);
      }
    }
    return columns;
  }

  /** The slot that holds the user, or the free one where it belongs. */
  #find(userId: number): number {
    const ids = this.#ids;
    let hash = Math.imul((userId | 0) ^ this.#seed, 0x9e3779b1);
    // Above 2^32 the upper bits count too; below, the division is spared.
    if (userId > 0xffffffff) hash ^= Math.imul((userId / 4_294_967_296) | 0, 0x85ebca6b);
    hash ^= hash >>> 16;
    let slot = hash & this.#mask;
    for (;;) {
      const id = ids[slot] as number;
      if (id === userId || id === 0) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const ids = this.#ids;
    const counts = this.#counts;
    const firstMs = this.#firstMs;
    this.#allocate(ids.length * 2);
    for (let old = 0; old < ids.length; old++) {
      const userId = ids[old] as number;
      if (userId === 0) continue;
      const slot = this.#find(userId);
      this.#ids[slot] = userId;
      for (let type = 0; type < TYPES; type++) {
        this.#counts[slot * STRIDE + type] = counts[old * STRIDE + type] as number;
        this.#firstMs[slot * STRIDE + type] = firstMs[old * STRIDE + type] as number;
      }
    }
  }

  #allocate(slots: number): void {
    this.#mask = slots - 1;
    this.#ids = new Float64Array(slots);
    this.#counts = new Float64Array(slots * STRIDE);
    this.#firstMs = new Float64Array(slots * STRIDE);
  }
}

/** Type indexes in the order of the names, which is the order of the table's primary key. */
const TYPES_BY_NAME = EVENT_TYPES.map((name, index) => ({ name, index }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ index }) => index);
