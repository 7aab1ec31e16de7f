/**
 * The days of users that are stored already, so that they are not sent again with every tally: of
 * each user the day stored last, up to a number of users. Pure. It lasts no longer than a partition
 * is assigned, and a day that it does not know is merely sent once more.
 */
import type { DayColumns } from "./user-counts.ts";

const USERS_MAX = 65_536;

export class StoredDays {
  readonly #days = new Map<number, number>();
  readonly #usersMax: number;

  constructor(usersMax = USERS_MAX) {
    this.#usersMax = usersMax;
  }

  /** Those of the days that may not be stored yet, in the same order. */
  missingOf({ userIds, days }: DayColumns): DayColumns {
    const missing: DayColumns = { userIds: [], days: [] };
    for (let row = 0; row < userIds.length; row++) {
      const userId = userIds[row] as number;
      const day = days[row] as number;
      if (this.#days.get(userId) === day) continue;
      missing.userIds.push(userId);
      missing.days.push(day);
    }
    return missing;
  }

  /** To be called when the transaction with these days is committed, and not before. */
  add({ userIds, days }: DayColumns): void {
    for (let row = 0; row < userIds.length; row++) {
      // Forgetting all is rare and cheap; it needs no record of who was seen when.
      if (this.#days.size >= this.#usersMax) this.#days.clear();
      this.#days.set(userIds[row] as number, days[row] as number);
    }
  }
}
