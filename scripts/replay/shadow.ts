/**
 * The shadow tables of `replay`: the same tables in the schema streaming_replay, filled from the log
 * by the consumer's own code. Nothing else uses them.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { homesOf } from "../consume/homes.ts";
import type { HorizonIndex } from "../consume/horizon/horizon-index.ts";
import type { DuplicateFinder } from "../consume/horizon/id-batch.ts";
import { openIndex } from "../consume/horizon/open-index.ts";
import { beginOf, type InheritOptions, inherit } from "../consume/inherit.ts";
import { momentsOf } from "../consume/moments.ts";
import { PartitionReader } from "../consume/partition-reader.ts";
import { RuleSequence } from "../consume/rule-sequence.ts";
import { type PartitionKey, storeTally } from "../consume/store.ts";
import { WindowFinder } from "../consume/window-finder.ts";
import type { Kafka } from "../kafka/log.ts";
import { type Range, readLog } from "../kafka/read-log.ts";
import type { RecordBatch } from "../kafka/record-cursor.ts";
import { type DuplicateRule, findsLike, inheritedBy } from "../ledger/duplicate-rules.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";

/** What one partition has to know of the others. */
type Surroundings = Pick<InheritOptions, "log" | "ledgers" | "skips">;

export class Shadow {
  readonly #kafka: Kafka;
  readonly #sql: Sql;
  readonly #config: Config;
  readonly #readers = new Map<number, PartitionReader>();
  /** Where its indexes of ids are; it reads the log alone, so it shares none with the consumer. */
  readonly #folder: string;
  readonly #indexes: HorizonIndex[] = [];

  constructor(kafka: Kafka, sql: Sql, config: Config) {
    this.#kafka = kafka;
    this.#sql = sql;
    this.#config = config;
    mkdirSync(config.STATE_DIR, { recursive: true });
    this.#folder = mkdtempSync(join(config.STATE_DIR, "replay-"));
  }

  /** Empties the shadow tables and sets each partition to where counting began. */
  async begin(ledgers: readonly PartitionLedger[]): Promise<void> {
    const sql = this.#sql;
    await sql`
      truncate streaming_replay.user_events, streaming_replay.user_active_days,
        streaming_replay.events_per_minute, streaming_replay.consumer_offsets,
        streaming_replay.dead_letters`;
    const log = await this.#kafka.logState(this.#config.KAFKA_TOPIC);
    const skips = await readSkips(sql, this.#config.KAFKA_TOPIC);
    for (const ledger of ledgers) {
      await sql`
        insert into streaming_replay.consumer_offsets
          (group_id, topic, partition, topic_id, first_offset, next_offset,
            duplicate_rules)
        values (${this.#config.KAFKA_GROUP_ID}, ${this.#config.KAFKA_TOPIC}, ${ledger.partition},
          ${ledger.topicId}, ${ledger.firstOffset}, ${ledger.firstOffset},
          ${sql.json(ledger.rules)})`;
      const finders = new Map<DuplicateRule, DuplicateFinder>();
      for (const [index, rule] of ledger.rules.entries()) {
        const before = ledger.rules[index - 1];
        // The index of the rule before goes on.
        if (before && findsLike(rule, before)) continue;
        finders.set(rule, await this.#finderOf(ledger, rule, { log, ledgers, skips }));
      }
      this.#readers.set(
        ledger.partition,
        new PartitionReader({
          readFrom: ledger.firstOffset,
          countFrom: ledger.firstOffset,
          isHome: homesOf(ledger.partition, ledger.rules),
          momentCounts: momentsOf(ledger.rules),
          duplicates: new RuleSequence(finders),
        }),
      );
    }
  }

  /** Reads on up to the given offset of each partition, and stores it. */
  async readTo(
    targets: ReadonlyMap<number, number>,
    onProgress: (records: number) => void = () => {},
  ): Promise<void> {
    const ranges = new Map<number, Range>();
    for (const [partition, reader] of this.#readers) {
      ranges.set(partition, { from: reader.position, to: targets.get(partition) ?? 0 });
    }
    const { KAFKA_TOPIC: topic } = this.#config;
    // Read behind the targets, which lie beyond a batch only once it is passed over.
    const skips = await readSkips(this.#sql, topic);
    const onBatch = async (partition: number, batch: RecordBatch) => {
      const reader = this.#readers.get(partition) as PartitionReader;
      const before = reader.position;
      while (!reader.read(batch, targets.get(partition))) await this.#store(partition, reader);
      await reader.caughtUp();
      onProgress(reader.position - before);
      if (reader.pending.isFull) await this.#store(partition, reader);
    };
    await readLog(this.#kafka, topic, ranges, onBatch, { skips });
    for (const [partition, reader] of this.#readers) {
      await this.#store(partition, reader);
    }
  }

  async #finderOf(
    { partition, topicId, firstOffset }: PartitionLedger,
    rule: DuplicateRule,
    { log, ledgers, skips }: Surroundings,
  ): Promise<DuplicateFinder> {
    if ("windowRecords" in rule) return new WindowFinder(rule.windowRecords);
    const inherits = inheritedBy(rule);
    const { index } = openIndex(
      {
        folder: join(this.#folder, String(rule.from)),
        topicId,
        partition,
        horizonMs: rule.horizonMs,
      },
      {
        logStart: firstOffset,
        logEnd: Number.MAX_SAFE_INTEGER,
        countFrom: firstOffset,
        begin: beginOf(inherits, firstOffset),
      },
    );
    this.#indexes.push(index);
    const topic = this.#config.KAFKA_TOPIC;
    await inherit(index, inherits, { kafka: this.#kafka, topic, partition, log, ledgers, skips });
    return index;
  }

  /** Deletes the indexes of ids. The shadow tables stay, for a person to look at. */
  close(): void {
    for (const index of this.#indexes) index.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #store(partition: number, reader: PartitionReader): Promise<void> {
    if (reader.pending.isEmpty) return;
    const key: PartitionKey = {
      schema: "streaming_replay",
      groupId: this.#config.KAFKA_GROUP_ID,
      topic: this.#config.KAFKA_TOPIC,
      partition,
    };
    await storeTally(this.#sql, key, reader.take());
  }
}
