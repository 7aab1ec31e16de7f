/**
 * The rows of one transaction for `user_events` and `user_active_days`: counts by user and event
 * type, first moments, and days of users. Pure. It is a hash table with open addressing in typed
 * arrays, since a Map of objects costs five times as much on the hot path.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";

const TYPES = EVENT_TYPES.length;
/**
 * Numbers of a slot: user id (0 in a free slot), counts, first moments, and the start of the day of
 * the latest event.
 */
const COUNTS = 1;
const FIRST_MS = COUNTS + TYPES;
const DAY_MS = FIRST_MS + TYPES;
/** A power of two, so that a slot fills cache lines of the processor exactly. */
const STRIDE = 2 ** Math.ceil(Math.log2(DAY_MS + 1));
const MS_PER_DAY = 86_400_000;

/** One row for `user_events`, by column; all arrays are of the same length. */
export interface UserColumns {
  userIds: number[];
  typeIndexes: number[];
  counts: number[];
  firstMs: number[];
}

/** One row for `user_active_days`, by column; a day is a number of days since 1970-01-01 in UTC. */
export interface DayColumns {
  userIds: number[];
  days: number[];
}

export class UserCounts {
  #users = 0;
  /** Starts of users' earlier days, before the one in their slot: rare in one tally. */
  readonly #earlier = new Map<number, Set<number>>();
  #earlierDays = 0;
  #mask = 0;
  #slots = new Float64Array(0);
  readonly #seed: number;

  constructor(seed = 0) {
    this.#seed = seed | 0;
    // Small, because without a backlog a tally holds a handful of events.
    this.#allocate(64);
  }

  /** The number of counted users. */
  get size(): number {
    return this.#users;
  }

  /** Upper bound of the number of pairs of user and day. */
  get daysMax(): number {
    return this.#users + this.#earlierDays;
  }

  /** Counts an event. */
  add(userId: number, typeIndex: number, createdAtMs: number): void {
    let at = this.#find(userId);
    if (this.#slots[at] === 0) {
      if (this.#users * 2 > this.#mask) {
        this.#grow();
        at = this.#find(userId);
      }
      this.#slots[at] = userId;
      this.#slots[at + DAY_MS] = startOfDay(createdAtMs);
      this.#users += 1;
    }
    const slots = this.#slots;
    const sinceDay = createdAtMs - (slots[at + DAY_MS] as number);
    if (sinceDay < 0 || sinceDay >= MS_PER_DAY) this.#changeDay(at, createdAtMs);
    const cell = at + COUNTS + typeIndex;
    const count = slots[cell] as number;
    slots[cell] = count + 1;
    const first = at + FIRST_MS + typeIndex;
    if (count === 0 || createdAtMs < (slots[first] as number)) slots[first] = createdAtMs;
  }

  /**
   * The counts as rows, sorted by user and type. Two transactions with shared rows then lock them
   * in the same order and cannot deadlock.
   */
  columns(): UserColumns {
    const sorted = this.#userIds().sort();
    const columns: UserColumns = { userIds: [], typeIndexes: [], counts: [], firstMs: [] };
    for (const userId of sorted) {
      const at = this.#find(userId);
      for (const typeIndex of TYPES_BY_NAME) {
        const count = this.#slots[at + COUNTS + typeIndex] as number;
        if (count === 0) continue;
        columns.userIds.push(userId);
        columns.typeIndexes.push(typeIndex);
        columns.counts.push(count);
        columns.firstMs.push(this.#slots[at + FIRST_MS + typeIndex] as number);
      }
    }
    return columns;
  }

  /** Each user with each day once, sorted by both. */
  days(): DayColumns {
    const columns: DayColumns = { userIds: [], days: [] };
    for (const userId of this.#userIds().sort()) {
      const lastMs = this.#slots[this.#find(userId) + DAY_MS] as number;
      const earlier = this.#earlier.get(userId);
      const starts = earlier ? [...new Set(earlier).add(lastMs)].sort((a, b) => a - b) : [lastMs];
      for (const startMs of starts) {
        columns.userIds.push(userId);
        columns.days.push(startMs / MS_PER_DAY);
      }
    }
    return columns;
  }

  /** The slot gets the day of this event, and its old day is kept beside it. */
  #changeDay(at: number, createdAtMs: number): void {
    const userId = this.#slots[at] as number;
    let earlier = this.#earlier.get(userId);
    if (!earlier) {
      earlier = new Set();
      this.#earlier.set(userId, earlier);
    }
    const known = earlier.size;
    earlier.add(this.#slots[at + DAY_MS] as number);
    this.#earlierDays += earlier.size - known;
    this.#slots[at + DAY_MS] = startOfDay(createdAtMs);
  }

  #userIds(): Float64Array {
    const ids = new Float64Array(this.#users);
    let found = 0;
    for (let at = 0; at < this.#slots.length; at += STRIDE) {
      const userId = this.#slots[at] as number;
      if (userId !== 0) ids[found++] = userId;
    }
    return ids;
  }

  /** The start of the user's slot, or of a free one for the user. */
  #find(userId: number): number {
    const slots = this.#slots;
    let hash = Math.imul((userId | 0) ^ this.#seed, 0x9e3779b1);
    // Above 2^32 the upper bits count, too; below, this avoids the division.
    if (userId > 0xffffffff) hash ^= Math.imul((userId / 4_294_967_296) | 0, 0x85ebca6b);
    hash ^= hash >>> 16;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * STRIDE;
      const id = slots[at] as number;
      if (id === userId || id === 0) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#allocate((old.length / STRIDE) * 2);
    for (let from = 0; from < old.length; from += STRIDE) {
      const userId = old[from] as number;
      if (userId !== 0) this.#slots.set(old.subarray(from, from + STRIDE), this.#find(userId));
    }
  }

  #allocate(slots: number): void {
    this.#mask = slots - 1;
    this.#slots = new Float64Array(slots * STRIDE);
  }
}

const startOfDay = (timeMs: number) => Math.floor(timeMs / MS_PER_DAY) * MS_PER_DAY;

/** Type indexes in the order of the names, which is the order of the table's primary key. */
const TYPES_BY_NAME = EVENT_TYPES.map((name, index) => ({ name, index }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ index }) => index);
