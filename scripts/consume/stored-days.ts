/**
 * Knows which days of users are stored already, so that a tally does not send them again. It holds
 * the latest stored day of each user, up to a number of users. Pure. It lives as long as the
 * partition is assigned. An unknown day is merely sent once more.
 */
import type { DayColumns } from "./user-counts.ts";

const USERS_MAX = 65_536;

export class StoredDays {
  readonly #days = new Map<number, number>();
  readonly #usersMax: number;

  constructor(usersMax = USERS_MAX) {
    this.#usersMax = usersMax;
  }

  /** The days that may not be stored yet, in the same order. */
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

  /** Call this only when the transaction with these days is committed. */
  add({ userIds, days }: DayColumns): void {
    for (let row = 0; row < userIds.length; row++) {
      // Forgetting all is rare and cheap, and needs no record of each user's last use.
      if (this.#days.size >= this.#usersMax) this.#days.clear();
      this.#days.set(userIds[row] as number, days[row] as number);
    }
  }
}
