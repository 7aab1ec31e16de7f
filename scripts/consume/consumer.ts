/**
 * One member of the consumer group: takes up the partitions it is assigned, feeds what it fetches
 * to their readers, and lets go of them at a rebalance. Called by `consume.ts`; a partition's own
 * logic is in `partition-reader.ts` (what is counted) and `partition-writer.ts` (when it is stored).
 */

import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import {
  type Consumer,
  createConsumer,
  type EachBatchPayload,
  type Kafka,
  recordBatches,
} from "../kafka/kafkajs.ts";
import { fetchLogState, type LogState } from "../kafka/log-state.ts";
import type { RecordBatch } from "../kafka/record-cursor.ts";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { backoffMs } from "../lib/wait.ts";
import { isOutage } from "./failure.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { FencedError, type PartitionKey, storeTally } from "./store.ts";
import { StoredDays } from "./stored-days.ts";
import { acceptLoss, takeUp } from "./take-up.ts";

const log = getLogger(["consume"]);

/** How long decoding may hold the thread; a record batch more or less does not matter. */
const SLICE_MS = 10;

export interface ConsumerOptions {
  config: Config;
  kafka: Kafka;
  sql: Sql;
  metrics: ConsumerMetrics;
  /** Replaces the statement that stores a tally; only a test of the fence has a reason to. */
  statement?: string;
}

export class GroupConsumer {
  /** Settles when the consumer ends: resolves after `stop()`, rejects when it cannot go on. */
  readonly ended: Promise<void>;

  readonly #options: ConsumerOptions;
  readonly #consumer: Consumer;
  readonly #writers = new Map<number, PartitionWriter>();
  readonly #end = Promise.withResolvers<void>();
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  /** Counts the assignments, so that work for an old one can see that it is. */
  #generation = 0;
  #joined = false;
  #assigned: number[] = [];
  #stopping = false;
  #outageSinceMs: number | undefined;
  #commitTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.ended = this.#end.promise;
    // It may end before anyone waits for it.
    this.ended.catch(() => {});
    this.#consumer = createConsumer(options.kafka, {
      groupId: options.config.KAFKA_GROUP_ID,
      sessionTimeoutMs: options.config.CONSUMER_SESSION_TIMEOUT_MS,
    });
  }

  /** Undefined when it is counting, else what it is waiting for. */
  get waitingFor(): string | undefined {
    if (!this.#joined) return "membership in the consumer group";
    if (this.#assigned.some((partition) => !this.#writers.has(partition))) return "its partitions";
    if (this.#outageSinceMs !== undefined) return "PostgreSQL";
    return undefined;
  }

  async start(): Promise<void> {
    const { KAFKA_TOPIC: topic } = this.#options.config;
    const consumer = this.#consumer;
    const { GROUP_JOIN, REBALANCING, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment[topic] ?? []));
    consumer.on(REBALANCING, () => {
      this.#joined = false;
      this.#options.metrics.rebalances.inc();
    });
    consumer.on(CRASH, ({ payload }) => {
      this.#joined = false;
      if (!payload.restart) this.#fail(payload.error);
      else log.warning("Kafka is away, trying again", { error: payload.error.message });
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.#onBatch(payload),
    });
    this.#commitTimer = setInterval(() => this.#reportOffsets(), 5_000);
  }

  /** Stores what has been read, for `deadlineMs` at the most, and leaves the group. */
  async stop(deadlineMs = 10_000): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#commitTimer);
    const flushed = Promise.all([...this.#writers.values()].map((writer) => writer.flush()));
    await Promise.race([flushed, delay(deadlineMs, undefined, { ref: false })]);
    await this.#reportOffsets();
    for (const writer of this.#writers.values()) writer.close();
    await Promise.race([this.#consumer.disconnect(), delay(deadlineMs, undefined, { ref: false })]);
    this.#end.resolve();
  }

  #fail(error: unknown): void {
    if (this.#stopping) return;
    this.#end.reject(error);
  }

  /** Runs before the first fetch of the new assignment, since kafkajs calls listeners at once. */
  #onJoin(assigned: number[]): void {
    const topic = this.#options.config.KAFKA_TOPIC;
    this.#generation += 1;
    this.#joined = true;
    this.#assigned = assigned;
    for (const [partition, writer] of this.#writers) {
      if (assigned.includes(partition)) continue;
      writer.close();
      this.#writers.delete(partition);
      this.#options.metrics.forget(partition);
    }
    log.info("Joined the group", { topic, partitions: assigned });
    if (assigned.length === 0) return;
    this.#consumer.pause([{ topic, partitions: assigned }]);
    void this.#takeUp(assigned, this.#generation);
  }

  /** Claims what is new and lets fetching begin; retried until it works or the group changes. */
  async #takeUp(partitions: number[], generation: number): Promise<void> {
    const { config, kafka } = this.#options;
    const isCurrent = () => generation === this.#generation && !this.#stopping;
    let logState: Map<number, LogState> | undefined;
    for (let attempt = 0; isCurrent(); attempt++) {
      try {
        for (const partition of partitions) {
          if (!this.#writers.has(partition)) {
            logState ??= await fetchLogState(kafka, config.KAFKA_TOPIC);
            const state = logState.get(partition);
            if (!state) throw new Error(`Cannot find partition ${partition} of the topic`);
            const writer = await this.#open(partition, state, isCurrent);
            if (!isCurrent()) return;
            this.#writers.set(partition, writer);
          }
          const writer = this.#writers.get(partition) as PartitionWriter;
          this.#seek(partition, writer.reader.position);
        }
        this.#outageSinceMs = undefined;
        return;
      } catch (error) {
        if (!isCurrent()) return;
        if (!isOutage(error) && !isKafkaOutage(error)) return this.#fail(error);
        logState = undefined;
        await this.#waitOut(error, backoffMs(attempt));
      }
    }
  }

  async #open(
    partition: number,
    log: LogState,
    isCurrent: () => boolean,
  ): Promise<PartitionWriter> {
    const { config, sql, metrics, statement } = this.#options;
    const key = this.#key(partition);
    const reader = await takeUp(this.#options, key, log, this.#seed);
    const storedDays = new StoredDays();
    const writer: PartitionWriter = new PartitionWriter(reader, {
      config,
      store: (tally) => storeTally(sql, key, tally, { statement, storedDays }),
      events: {
        written: (tally, durationMs) => {
          this.#outageSinceMs = undefined;
          metrics.written(partition, tally, durationMs);
        },
        outage: (error, delayMs) => this.#noteOutage(error, delayMs),
        failed: (error) => {
          if (!isCurrent() && this.#writers.get(partition) !== writer) return;
          this.#onWriterFailed(partition, error);
        },
      },
    });
    return writer;
  }

  #key(partition: number): PartitionKey {
    const { KAFKA_GROUP_ID: groupId, KAFKA_TOPIC: topic } = this.#options.config;
    return { schema: "streaming", groupId, topic, partition };
  }

  #seek(partition: number, position: number): void {
    const topic = this.#options.config.KAFKA_TOPIC;
    this.#consumer.seek({ topic, partition, offset: String(position) });
    this.#consumer.resume([{ topic, partitions: [partition] }]);
  }

  async #onBatch({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const writer = this.#writers.get(batch.partition);
    if (this.#stopping || !writer || writer.isClosed) return;
    const isOver = () => this.#stopping || writer.isClosed || isStale();
    await this.#waitForRoom(writer, heartbeat);
    if (isOver()) return;
    const { reader } = writer;
    const fetched = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
    if (fetched > reader.position) {
      await this.#bridge(batch.partition, writer);
      if (isOver()) return;
      reader.skipTo(fetched);
    }
    const logEnd = Number(batch.highWatermark);
    this.#options.metrics.read(batch.partition, logEnd);
    if (!(await this.#read(writer, recordBatches(batch.messages), logEnd, isOver))) return;
    reader.skipTo(Number(batch.lastOffset()) + 1);
    writer.backlog = logEnd - reader.position;
    writer.schedule();
    await heartbeat();
  }

  /**
   * Reads the record batches in slices of a few milliseconds, so that transactions, heartbeats and
   * other partitions get their turn meanwhile. Returns whether all of them were read.
   */
  async #read(
    writer: PartitionWriter,
    batches: RecordBatch[],
    logEnd: number,
    isOver: () => boolean,
  ): Promise<boolean> {
    let turnAtMs = performance.now();
    for (const batch of batches) {
      try {
        writer.reader.read(batch);
      } catch (error) {
        // Reading the same bytes again would fail the same way, and skipping them would lose events.
        writer.close();
        this.#fail(error);
        return false;
      }
      if (performance.now() - turnAtMs < SLICE_MS) continue;
      writer.backlog = logEnd - writer.reader.position;
      writer.schedule();
      await nextTurn();
      if (isOver()) return false;
      turnAtMs = performance.now();
    }
    return true;
  }

  /** Waits while the pending tally is full, without losing the membership in the group. */
  async #waitForRoom(writer: PartitionWriter, heartbeat: () => Promise<void>): Promise<void> {
    while (writer.isFull && !writer.isClosed && !this.#stopping) {
      await Promise.race([writer.room(), delay(500)]);
      await heartbeat();
    }
  }

  /**
   * The fetch begins beyond the place where reading stands: either kafkajs moved over markers, or
   * the log no longer holds what was asked for and kafkajs began at its start.
   */
  async #bridge(partition: number, writer: PartitionWriter): Promise<void> {
    const { config, kafka } = this.#options;
    const state = (await fetchLogState(kafka, config.KAFKA_TOPIC)).get(partition);
    if (!state || writer.isClosed || state.logStart <= writer.reader.position) return;
    try {
      acceptLoss(this.#options, this.#key(partition), writer.reader, state.logStart);
    } catch (error) {
      writer.close();
      this.#fail(error);
    }
  }

  #onWriterFailed(partition: number, error: unknown): void {
    this.#writers.delete(partition);
    if (!(error instanceof FencedError)) {
      this.#fail(error);
      return;
    }
    this.#options.metrics.fenced.inc();
    log.warning("Another consumer has taken the partition over; reading its place anew", {
      partition,
      error: error.message,
    });
    this.#consumer.pause([{ topic: this.#options.config.KAFKA_TOPIC, partitions: [partition] }]);
    void this.#takeUp([partition], this.#generation);
  }

  #noteOutage(error: unknown, delayMs: number): void {
    if (this.#outageSinceMs === undefined) {
      this.#outageSinceMs = performance.now();
      log.warning("PostgreSQL is away; counting pauses until it is back", {
        error: (error as Error).message,
      });
    }
    this.#options.metrics.outageRetries.inc();
    log.debug("Trying again", { delayMs });
  }

  async #waitOut(error: unknown, delayMs: number): Promise<void> {
    this.#noteOutage(error, delayMs);
    await delay(delayMs);
  }

  /** Tells Kafka how far counting is, for tools that show lag; a failure changes nothing. */
  async #reportOffsets(): Promise<void> {
    const offsets = [...this.#writers].map(([partition, writer]) => ({
      topic: this.#options.config.KAFKA_TOPIC,
      partition,
      offset: String(writer.storedOffset),
    }));
    if (offsets.length === 0) return;
    try {
      await this.#consumer.commitOffsets(offsets);
    } catch (error) {
      log.debug("Could not report offsets to Kafka", { error: (error as Error).message });
    }
  }
}

/** kafkajs marks what it would try again by itself. */
const isKafkaOutage = (error: unknown) =>
  (error as { retriable?: boolean })?.retriable === true ||
  /^KafkaJS(Connection|NumberOfRetriesExceeded|NoBrokerAvailable|BrokerNotFound)/.test(
    (error as Error)?.name ?? "",
  );
