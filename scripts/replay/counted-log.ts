/**
 * The counted log of each partition, decided again by the consumer's own code and by the rules of the
 * ledger. It reads the log alone, so its indexes of ids are its own.
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
import type { Tally } from "../consume/tally.ts";
import { WindowFinder } from "../consume/window-finder.ts";
import type { Kafka } from "../kafka/log.ts";
import { type Range, readLog } from "../kafka/read-log.ts";
import type { RecordBatch } from "../kafka/record-cursor.ts";
import {
  type DuplicateRule,
  findsLike,
  inheritedBy,
  retractsFrom,
} from "../ledger/duplicate-rules.ts";
import type { PartitionLedger } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";

/** What one partition has to know of the others. */
type Surroundings = Pick<InheritOptions, "log" | "ledgers" | "skips">;

export interface CountedLogOptions {
  kafka: Kafka;
  sql: Sql;
  config: Config;
  /** Gets what is read, also while reading goes on. */
  onTally(partition: number, tally: Tally): void | Promise<void>;
  /** May look at each decision of a partition. */
  watched?(partition: number, finder: DuplicateFinder): DuplicateFinder;
  /** Whether the event at an offset is left out, since it is taken back. */
  isRemoved?(partition: number, offset: number): boolean;
}

export class CountedLog {
  readonly #options: CountedLogOptions;
  readonly #folder: string;
  readonly #indexes: HorizonIndex[] = [];
  readonly #readers = new Map<number, PartitionReader>();

  constructor(options: CountedLogOptions) {
    this.#options = options;
    const { STATE_DIR } = options.config;
    mkdirSync(STATE_DIR, { recursive: true });
    this.#folder = mkdtempSync(join(STATE_DIR, "replay-"));
  }

  /** Begins each partition where its counting began. */
  async open(ledgers: readonly PartitionLedger[]): Promise<void> {
    const { kafka, sql, config, watched, isRemoved } = this.#options;
    const log = await kafka.logState(config.KAFKA_TOPIC);
    const skips = await readSkips(sql, config.KAFKA_TOPIC);
    for (const ledger of ledgers) {
      const { partition, firstOffset, rules } = ledger;
      const finder = await this.#finderOf(ledger, { log, ledgers, skips });
      const reader = new PartitionReader({
        readFrom: firstOffset,
        countFrom: firstOffset,
        isHome: homesOf(partition, rules),
        momentCounts: momentsOf(rules),
        retractsFrom: retractsFrom(rules),
        duplicates: watched?.(partition, finder) ?? finder,
        ...(isRemoved && { isRemoved: (offset: number) => isRemoved(partition, offset) }),
      });
      this.#readers.set(partition, reader);
    }
  }

  /** Reads on up to the offset of each partition that is named. */
  async readTo(
    targets: ReadonlyMap<number, number>,
    onProgress: (records: number) => void = () => {},
  ): Promise<void> {
    const { kafka, sql, config } = this.#options;
    const topic = config.KAFKA_TOPIC;
    const ranges = new Map<number, Range>();
    for (const [partition, to] of targets) {
      const reader = this.#readers.get(partition);
      if (reader) ranges.set(partition, { from: reader.position, to });
    }
    // Read behind the targets, which lie beyond a batch only once it is passed over.
    const skips = await readSkips(sql, topic);
    const onBatch = async (partition: number, batch: RecordBatch) => {
      const reader = this.#readers.get(partition) as PartitionReader;
      const before = reader.position;
      while (!reader.read(batch, targets.get(partition))) await this.#take(partition, reader);
      await reader.caughtUp();
      onProgress(reader.position - before);
      if (reader.pending.isFull) await this.#take(partition, reader);
    };
    await readLog(kafka, topic, ranges, onBatch, { skips });
    for (const [partition, reader] of this.#readers) await this.#take(partition, reader);
  }

  /** Deletes the indexes of ids. */
  close(): void {
    for (const index of this.#indexes) index.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #take(partition: number, reader: PartitionReader): Promise<void> {
    if (!reader.pending.isEmpty) await this.#options.onTally(partition, reader.take());
  }

  async #finderOf(ledger: PartitionLedger, others: Surroundings): Promise<RuleSequence> {
    const finders = new Map<DuplicateRule, DuplicateFinder>();
    for (const [index, rule] of ledger.rules.entries()) {
      const before = ledger.rules[index - 1];
      // The index of the rule before goes on.
      if (before && findsLike(rule, before)) continue;
      finders.set(rule, await this.#finderBy(rule, ledger, others));
    }
    return new RuleSequence(finders);
  }

  async #finderBy(
    rule: DuplicateRule,
    { partition, topicId, firstOffset }: PartitionLedger,
    others: Surroundings,
  ): Promise<DuplicateFinder> {
    if ("windowRecords" in rule) return new WindowFinder(rule.windowRecords);
    const { kafka, config } = this.#options;
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
    await inherit(index, inherits, { kafka, topic: config.KAFKA_TOPIC, partition, ...others });
    return index;
  }
}
