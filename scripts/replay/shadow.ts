/**
 * The shadow tables of `replay`: the same tables in the schema streaming_replay, filled from the
 * counted log. Nothing else uses them.
 */
import { type PartitionKey, storeTally } from "../consume/store.ts";
import type { Tally } from "../consume/tally.ts";
import type { Kafka } from "../kafka/log.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { CountedLog } from "./counted-log.ts";
import type { OffsetSet } from "./offset-set.ts";

export class Shadow {
  readonly #sql: Sql;
  readonly #config: Config;
  readonly #log: CountedLog;

  /** @param takenBack the events that are left out, by partition */
  constructor(
    kafka: Kafka,
    sql: Sql,
    config: Config,
    takenBack: ReadonlyMap<number, OffsetSet> = new Map(),
  ) {
    this.#sql = sql;
    this.#config = config;
    this.#log = new CountedLog({
      ...{ kafka, sql, config },
      onTally: (partition, tally) => this.#store(partition, tally),
      isRemoved: (partition, offset) => takenBack.get(partition)?.has(offset) === true,
    });
  }

  /** Empties the shadow tables and sets each partition to where counting began. */
  async begin(ledgers: readonly PartitionLedger[]): Promise<void> {
    const sql = this.#sql;
    await sql`
      truncate streaming_replay.user_events, streaming_replay.user_active_days,
        streaming_replay.events_per_minute, streaming_replay.consumer_offsets,
        streaming_replay.dead_letters`;
    for (const { partition, topicId, firstOffset, rules } of ledgers) {
      await sql`
        insert into streaming_replay.consumer_offsets
          (group_id, topic, partition, topic_id, first_offset, next_offset, duplicate_rules)
        values (${this.#config.KAFKA_GROUP_ID}, ${this.#config.KAFKA_TOPIC}, ${partition},
          ${topicId}, ${firstOffset}, ${firstOffset}, ${sql.json(rules)})`;
    }
    await this.#log.open(ledgers);
  }

  /** Reads on up to the given offset of each partition, and stores it. */
  readTo(
    targets: ReadonlyMap<number, number>,
    onProgress?: (records: number) => void,
  ): Promise<void> {
    return this.#log.readTo(targets, onProgress);
  }

  /** The shadow tables stay, for a person to look at. */
  close(): void {
    this.#log.close();
  }

  async #store(partition: number, tally: Tally): Promise<void> {
    const key: PartitionKey = {
      schema: "streaming_replay",
      groupId: this.#config.KAFKA_GROUP_ID,
      topic: this.#config.KAFKA_TOPIC,
      partition,
    };
    await storeTally(this.#sql, key, tally);
  }
}
