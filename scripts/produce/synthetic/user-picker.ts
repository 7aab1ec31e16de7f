/**
 * Picks the next user, with the skew of real audiences: few users do much, many do little. Pure.
 * The ranks of activity are split into 1, 2-3, 4-7, 8-15 and so on. Each group gets the same share
 * (Zipf's law in steps). That needs no table, so it works for millions of users.
 */
import { ACTIVITY_MAX, activityAt } from "./day-rhythm.ts";
import type { RandomStream } from "./random.ts";

const HOUR_MS = 3_600_000;

/** Attempts to find a user who is awake; then any user is taken. */
const TRIES_MAX = 8;

export class UserPicker {
  private readonly groups: number;
  private readonly step: number;
  private readonly shift: number;

  constructor(
    private readonly users: number,
    private readonly random: RandomStream,
  ) {
    this.groups = 32 - Math.clz32(users);
    // A one-to-one mapping of ranks to ids, made from the seed, decides which users are active.
    this.shift = random.below(users);
    let step = 1 + random.below(Math.min(users, 65_536));
    while (greatestCommonDivisor(step, users) !== 1) step += 1;
    this.step = step;
  }

  /** A user id from 1 to the number of users; more likely that of a user awake at that moment. */
  pick(nowMs: number): number {
    for (let tries = 1; ; tries++) {
      const userId = this.userOfRank(this.rank());
      if (tries === TRIES_MAX) return userId;
      // People live west and east of UTC: up to 4 hours earlier, up to 3 hours later.
      const localMs = nowMs + ((userId % 8) - 4) * HOUR_MS;
      if (this.random.fraction() * ACTIVITY_MAX < activityAt(localMs)) return userId;
    }
  }

  /** Rank 1 is the most active user. */
  private rank(): number {
    for (;;) {
      const groupSize = 2 ** this.random.below(this.groups);
      const rank = groupSize + this.random.below(groupSize);
      if (rank <= this.users) return rank;
    }
  }

  private userOfRank(rank: number): number {
    return ((rank * this.step + this.shift) % this.users) + 1;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
