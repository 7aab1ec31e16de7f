/**
 * The result of reading some records of one partition: the counts, the dead letters and the new
 * place in the log. Pure: the same records give the same tally, however the fetches cut the log.
 * `store.ts` writes one tally in one transaction.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { RejectReason } from "../../schema/rejects.ts";
import type { Mark } from "../ledger/mark.ts";
import type { Origin } from "./origin.ts";
import { UserCounts } from "./user-counts.ts";

/** A record that is not an event, as `dead_letters` stores it. */
export interface DeadLetter {
  offset: number;
  reason: RejectReason;
  /** The value, cut to its beginning when it is long; null when the record had none. */
  payload: Uint8Array | null;
  payloadBytes: number;
  key: Uint8Array | null;
  headers: Uint8Array | null;
}

/** A record that stands in a partition where the events of its user do not. */
export interface Stray {
  offset: number;
  userId: number;
  value: Uint8Array;
  /** Where it stood before, when it was sent here as its home of that time. */
  origin: Origin | undefined;
}

/** Events of one minute and type; `minuteMs` is the minute's beginning since the epoch. */
export interface MinuteCount {
  minuteMs: number;
  typeIndex: number;
  count: number;
}

/** Longest stored part of a rejected value; more would let bad records fill the database. */
export const DEAD_LETTER_PAYLOAD_BYTES_MAX = 65_536;

/** A transaction is written when it would reach one of the bounds. Bytes take ten times as much on the way. */
const ROWS_MAX = 200_000;
const DEAD_LETTER_BYTES_MAX = 4_194_304;
/** What a dead letter takes besides its bytes. */
const LETTER_BYTES = 128;
const STRAY_BYTES_MAX = 8_388_608;

const TYPES = EVENT_TYPES.length;
const MINUTE_MS = 60_000;

export class Tally {
  readonly users: UserCounts;
  /** The fence: the tables hold everything before this offset and nothing after it. */
  readonly expectedOffset: number;
  /** Everything before this offset is in the tables once this tally is. */
  nextOffset: number;
  /** The last record below `nextOffset`, when the tally has one. */
  mark: Mark | undefined;
  stored = 0;
  duplicates = 0;
  /** Records that take an event back, and how many of them did. */
  retractions = 0;
  retracted = 0;
  /** Stored events that are left out of the tables, since they are taken back. */
  removed = 0;
  /** How many of the duplicates stand in another partition than their home. */
  forwarded = 0;
  rejected = 0;
  absent = 0;
  lost = 0;
  /** The latest moment of an event; it may be ahead of the log. */
  #latestMs = Number.NEGATIVE_INFINITY;
  lastAppendMs = Number.NEGATIVE_INFINITY;
  readonly deadLetters: DeadLetter[] = [];
  deadLetterBytes = 0;
  /** Records of users whose home is another partition; they go there before this tally is written. */
  readonly strays: Stray[] = [];
  strayBytes = 0;

  readonly #minutes = new Map<number, number>();
  /** Counts of the latest minute, kept out of the map: most events fall into the same minute. */
  #minute = Number.NaN;
  readonly #minuteCounts = new Float64Array(TYPES);

  constructor(expectedOffset: number, seed = 0) {
    this.expectedOffset = expectedOffset;
    this.nextOffset = expectedOffset;
    this.users = new UserCounts(seed);
  }

  /** Whether writing the tally would change nothing. */
  get isEmpty(): boolean {
    return this.nextOffset === this.expectedOffset;
  }

  /** When the newest event happened: never after it was appended, whatever it says. */
  get lastEventMs(): number {
    return this.lastAppendMs > 0 ? Math.min(this.#latestMs, this.lastAppendMs) : this.#latestMs;
  }

  /** Upper bound of the number of rows to write. */
  get rows(): number {
    const { size, daysMax } = this.users;
    return size * TYPES + daysMax + this.#minutes.size + this.deadLetters.length;
  }

  /** Whether it has reached the size of a transaction. */
  get isFull(): boolean {
    return (
      this.rows >= ROWS_MAX ||
      this.deadLetterBytes >= DEAD_LETTER_BYTES_MAX ||
      this.strayBytes >= STRAY_BYTES_MAX
    );
  }

  /** Counts an event. */
  addEvent(userId: number, typeIndex: number, createdAtMs: number): void {
    this.users.add(userId, typeIndex, createdAtMs);
    this.stored += 1;
    if (createdAtMs > this.#latestMs) this.#latestMs = createdAtMs;
    const minute = Math.floor(createdAtMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#closeMinute();
      this.#minute = minute;
    }
    (this.#minuteCounts[typeIndex] as number)++;
  }

  /** Notes an event that counts, but not in the tables. */
  addRemoved(): void {
    this.stored += 1;
    this.removed += 1;
  }

  /** Notes a retraction; one of an id that does not stand takes no effect. */
  addRetraction(takesEffect: boolean): void {
    this.retractions += 1;
    if (takesEffect) this.retracted += 1;
  }

  /** The record counts as a duplicate of the one that will stand in its home. */
  addStray(stray: Stray): void {
    this.duplicates += 1;
    this.forwarded += 1;
    this.strays.push(stray);
    this.strayBytes += stray.value.length;
  }

  addDeadLetter(letter: DeadLetter): void {
    this.rejected += 1;
    this.deadLetters.push(letter);
    this.deadLetterBytes +=
      LETTER_BYTES + (letter.payload?.length ?? 0) + (letter.headers?.length ?? 0);
  }

  /** The counts by minute, sorted as the table's primary key is. */
  minutes(): MinuteCount[] {
    this.#closeMinute();
    return [...this.#minutes]
      .map(([key, count]) => ({
        minuteMs: Math.floor(key / TYPES) * MINUTE_MS,
        typeIndex: key - Math.floor(key / TYPES) * TYPES,
        count,
      }))
      .sort((a, b) => a.minuteMs - b.minuteMs || compareTypes(a.typeIndex, b.typeIndex));
  }

  #closeMinute(): void {
    for (let type = 0; type < TYPES; type++) {
      const count = this.#minuteCounts[type] as number;
      if (count === 0) continue;
      const key = this.#minute * TYPES + type;
      this.#minutes.set(key, (this.#minutes.get(key) ?? 0) + count);
      this.#minuteCounts[type] = 0;
    }
  }
}

const compareTypes = (a: number, b: number) =>
  (EVENT_TYPES[a] as string) < (EVENT_TYPES[b] as string) ? -1 : 1;
