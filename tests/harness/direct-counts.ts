/**
 * Counts events straight into the tables, by the consumer's own statement but without Kafka. It
 * knows independently what the tables must then hold. For tests of everything that reads the
 * counts.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { storeTally } from "../../scripts/consume/store.ts";
import { Tally } from "../../scripts/consume/tally.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";
import { randomNumbers } from "./events.ts";

const DAY_MS = 86_400_000;
const PARTITIONS = 4;

/** A row of `user_event_summary`, with the days from `user_engagement`. */
export interface UserRow {
  user_id: number;
  total_clicks: number;
  total_views: number;
  total_purchases: number;
  total_events: number;
  count_active_days: number;
  last_active_on: string;
}

interface User {
  counts: Record<string, number>;
  days: Set<number>;
}

export class DirectCounts {
  readonly #random: () => number;
  readonly #users = new Map<number, User>();
  readonly #nextOffsets: number[] = Array.from({ length: PARTITIONS }, () => 0);
  readonly #startMs = Date.now() - 20 * DAY_MS;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  /** The rows that the consumer creates at the first assignment of a partition. */
  async begin(sql: Sql): Promise<void> {
    await sql`
      insert into streaming.consumer_offsets
        (group_id, topic, partition, topic_id, first_offset, next_offset, duplicate_rules)
      select 'direct', 'direct', partition, gen_random_uuid(), 0, 0, '[{"from": 0, "horizonMs": 1}]'
      from generate_series(0, ${PARTITIONS - 1}) as partition`;
  }

  /** One transaction with random events of the partition's users. */
  async add(sql: Sql, { events, users = 40, partition = 0 }: BatchSize): Promise<void> {
    const expectedOffset = this.#nextOffsets[partition]!;
    const tally = new Tally(expectedOffset);
    for (let index = 0; index < events; index++) {
      // Different partitions have different users, as in a topic with users as keys.
      const userId = 1 + partition + PARTITIONS * this.#below(users);
      const typeIndex = this.#below(EVENT_TYPES.length);
      const atMs = this.#startMs + this.#below(20 * DAY_MS);
      tally.addEvent(userId, typeIndex, atMs);
      this.#note(userId, typeIndex, atMs);
    }
    tally.nextOffset = expectedOffset + events;
    this.#nextOffsets[partition] = tally.nextOffset;
    const key = { schema: "streaming", groupId: "direct", topic: "direct", partition } as const;
    await storeTally(sql, key, tally);
  }

  /** Deletes all traces of the users' events. */
  forget(...userIds: number[]): void {
    for (const userId of userIds) this.#users.delete(userId);
  }

  /** The expected values of all users, in the order of their ids. */
  expected(): UserRow[] {
    return [...this.#users]
      .sort(([a], [b]) => a - b)
      .map(([user_id, { counts, days }]) => {
        const count = (type: string) => counts[type] ?? 0;
        return {
          user_id,
          total_clicks: count("click"),
          total_views: count("view"),
          total_purchases: count("purchase"),
          total_events: count("click") + count("view") + count("purchase"),
          count_active_days: days.size,
          last_active_on: new Date(Math.max(...days) * DAY_MS).toISOString().slice(0, 10),
        };
      });
  }

  #note(userId: number, typeIndex: number, atMs: number): void {
    const user = this.#users.get(userId) ?? { counts: {}, days: new Set() };
    this.#users.set(userId, user);
    const type = EVENT_TYPES[typeIndex]!;
    user.counts[type] = (user.counts[type] ?? 0) + 1;
    user.days.add(Math.floor(atMs / DAY_MS));
  }

  #below = (limit: number) => Math.floor(this.#random() * limit);
}

interface BatchSize {
  events: number;
  /** The number of users of the partition. */
  users?: number;
  partition?: number;
}
