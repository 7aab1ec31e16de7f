/**
 * The consumer as a member of its group: opens its partitions, gives what it fetches to their
 * readers, and closes them at a rebalance. `partition-reader.ts` decides what is counted, and
 * `partition-writer.ts` when it is stored.
 */
import { TopicMissingError } from "../kafka/failure.ts";
import type { Fetch, Kafka, LogState, Member } from "../kafka/log.ts";
import { pingKafka } from "../kafka/probe.ts";
import { UnreadableBatchError } from "../kafka/unpack.ts";
import { type DuplicateRule, ruleAt } from "../ledger/duplicate-rules.ts";
import { readLedgers } from "../ledger/ledger.ts";
import { changedPartitions, type Mark } from "../ledger/mark.ts";
import { assertReaches, otherRecord, topicGone } from "../ledger/same-log.ts";
import { describeStandstill, readSkips, type Standstill } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { sum } from "../lib/sum.ts";
import { backoffMs, deadline, pause, retry } from "../lib/wait.ts";
import { type Dependencies, mayPass, whichAreAway } from "./dependencies.ts";
import { Disk, isDiskError } from "./disk.ts";
import { Forwarder } from "./forward.ts";
import { BrokenIndexError } from "./horizon/checksum.ts";
import { type HorizonIndex, TakenOverError } from "./horizon/horizon-index.ts";
import { ingest } from "./ingest.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { indexFolder, loseTo, openPartition } from "./open-partition.ts";
import type { PartitionReader } from "./partition-reader.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { FencedError, type PartitionKey, storeStandstill, storeTally } from "./store.ts";
import { StoredDays } from "./stored-days.ts";
import type { Tally } from "./tally.ts";

const log = getLogger(["consume"]);

const COMMIT_INTERVAL_MS = 5_000;
/** How often the topic's id and the log's ends are compared with what is counted. */
const COMPARE_INTERVAL_MS = 5_000;
/** How often a partition that stands looks whether a person has decided. */
const DECISION_INTERVAL_MS = 1_000;

export interface GroupMemberOptions {
  config: Config;
  kafka: Kafka;
  sql: Sql;
  metrics: ConsumerMetrics;
  dependencies: Dependencies;
  /** Replaces the statement that stores a tally; only the test of the fence uses it. */
  statement?: string;
}

/** A partition that is opened, and compared before it is counted. */
interface Opened {
  writer: PartitionWriter;
  index: HorizonIndex;
}

export class GroupMember {
  /** Settles when the member ends: resolves after `stop()`, rejects when it cannot go on. */
  readonly ended: Promise<void>;

  readonly #options: GroupMemberOptions;
  readonly #member: Member;
  readonly #writers = new Map<number, PartitionWriter>();
  readonly #indexes = new Map<number, HorizonIndex>();
  /** Partitions that stand at a batch that cannot be read. */
  readonly #standstills = new Map<number, Standstill>();
  readonly #disk: Disk;
  readonly #forwarder: Forwarder;
  readonly #end = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  /** Counts the assignments, so that work for an old one can detect it. */
  #generation = 0;
  /** Counts the connections to brokers, so that a comparison can notice a new one. */
  #connections = 0;
  #joined = false;
  #assigned: number[] = [];
  /** The topic that is counted; undefined until a partition is open. */
  #topicId: string | undefined;
  #commitTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.ended = this.#end.promise;
    // The member may end before anyone waits for it.
    this.ended.catch(() => {});
    const { config, kafka, metrics, dependencies } = options;
    this.#disk = new Disk(indexFolder(config));
    this.#forwarder = new Forwarder({
      kafka,
      topic: config.KAFKA_TOPIC,
      signal: this.#stop.signal,
      dependency: dependencies.kafka,
    });
    this.#member = kafka.member(
      {
        groupId: config.KAFKA_GROUP_ID,
        topic: config.KAFKA_TOPIC,
        sessionTimeoutMs: config.CONSUMER_SESSION_TIMEOUT_MS,
      },
      {
        assigned: (partitions) => this.#onAssigned(partitions),
        fetched: (fetch) => this.#onFetch(fetch),
        rebalancing: () => {
          this.#joined = false;
          metrics.rebalances.inc();
        },
        connected: () => {
          // Another Kafka than before may answer there.
          this.#connections += 1;
          this.#openAgain();
        },
        answered: (durationMs) => dependencies.kafka.answered(durationMs),
        away: (error) => {
          this.#joined = false;
          dependencies.kafka.failed(error);
        },
        ended: (error) => this.#fail(error),
      },
    );
  }

  /** Undefined while it counts, else the name of what it waits for. */
  get waitingFor(): string | undefined {
    const away = whichAreAway(this.#options.dependencies);
    if (away !== undefined) return away;
    if (this.#disk.isFull) return "room on the disk";
    if (!this.#joined) return "membership in the consumer group";
    if (this.#standstills.size > 0) {
      const reasons = [...this.#standstills].map((entry) => describeStandstill(...entry));
      return `a person: ${reasons.join("; ")}`;
    }
    if (this.#assigned.some((partition) => !this.#writers.has(partition))) return "its partitions";
    const records = sum(this.#writers.values().map(({ reader }) => reader.recordsToIndex));
    return records > 0 ? `its index of event ids, which lacks ${records} records` : undefined;
  }

  /** Whether any partition has been opened to be counted. */
  get hasCounted(): boolean {
    return this.#topicId !== undefined;
  }

  /** Joins the group; resolves when it takes part. */
  async start(): Promise<void> {
    const { config, sql, dependencies } = this.#options;
    const { kafka, postgres } = dependencies;
    Promise.all([
      kafka.probe(() => pingKafka(config), this.#stop.signal),
      postgres.probe(() => sql`select 1`, this.#stop.signal),
    ]).catch((error) => this.#fail(error));
    this.#commitTimer = setInterval(() => this.#commitOffsets(), COMMIT_INTERVAL_MS);
    void this.#compareWhileCounting();
    await this.#member.join();
  }

  /** Stores what has been read, within `msMax`, and leaves the group. */
  async stop(msMax = 10_000): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    clearInterval(this.#commitTimer);
    const writers = [...this.#writers.values()];
    const atMost = (work: Promise<unknown>) => deadline(work, msMax).catch(() => {});
    await atMost(Promise.all(writers.map((writer) => writer.flush())));
    await atMost(this.#commitOffsets());
    await atMost(Promise.all([...this.#indexes.values()].map((index) => index.flush())));
    for (const partition of [...this.#writers.keys()]) this.#close(partition);
    await atMost(this.#forwarder.close());
    await atMost(this.#member.leave());
    this.#end.resolve();
  }

  get #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #fail(error: unknown): void {
    if (this.#isStopping) return;
    const { config } = this.#options;
    const isGone = error instanceof TopicMissingError && this.#topicId !== undefined;
    this.#end.reject(isGone ? topicGone(config, config.KAFKA_TOPIC, this.#topicId!) : error);
  }

  /** The log is another one: what was read of it and is not stored yet must not be. */
  #halt(error: unknown): void {
    for (const partition of [...this.#writers.keys()]) this.#close(partition);
    this.#fail(error);
  }

  #onAssigned(assigned: number[]): void {
    const topic = this.#options.config.KAFKA_TOPIC;
    this.#generation += 1;
    this.#joined = true;
    this.#assigned = assigned;
    for (const partition of this.#writers.keys()) {
      if (assigned.includes(partition)) continue;
      this.#close(partition);
      this.#options.metrics.forget(partition);
    }
    log.info("Joined the group", { topic, partitions: assigned });
    if (assigned.length > 0) void this.#open(assigned);
  }

  /**
   * Compares the log of all partitions again, before more of it is counted. Partitions that are still
   * being opened are compared there.
   */
  #openAgain(): void {
    const isOpen = this.#assigned.every((partition) => this.#writers.has(partition));
    if (!this.#joined || this.#isStopping || !isOpen || this.#assigned.length === 0) return;
    this.#reopen();
  }

  /** Opens what is closed, and compares the rest, instead of any earlier such work. */
  #reopen(): void {
    this.#generation += 1;
    void this.#open(this.#assigned);
  }

  /** Compares what was counted with the log and the tables, also while no record comes. */
  async #compareWhileCounting(): Promise<void> {
    const { signal } = this.#stop;
    let timesMissing = 0;
    while (!signal.aborted) {
      await pause(COMPARE_INTERVAL_MS, signal).catch(() => {});
      if (!this.#joined || this.#writers.size === 0 || signal.aborted) continue;
      try {
        await this.#compareLog();
        await this.#compareTables();
        timesMissing = 0;
      } catch (error) {
        timesMissing = error instanceof TopicMissingError ? timesMissing + 1 : 0;
        // A broker that has just started may not know the topic yet.
        if (timesMissing === 1 || mayPass(this.#options.dependencies, error)) continue;
        return this.#halt(error);
      }
    }
  }

  /** @throws NeedsPersonError when the topic was created again, or its log was cut */
  async #compareLog(): Promise<void> {
    const places = this.#places();
    const state = await this.#logState();
    for (const [partition, place] of places) this.#assertReaches(partition, place, state);
  }

  /** Counts again what a crash of PostgreSQL has forgotten, or an older copy does not have. */
  async #compareTables(): Promise<void> {
    const { config, sql, dependencies } = this.#options;
    const expected = [...this.#writers].map(
      ([partition, writer]) => [partition, writer, writer.storedOffset] as const,
    );
    const ledgers = await dependencies.postgres.watch(() => readLedgers(sql, config));
    for (const [partition, writer, storedOffset] of expected) {
      const nextOffset = ledgers.find((ledger) => ledger.partition === partition)?.nextOffset ?? 0;
      if (nextOffset >= storedOffset || this.#writers.get(partition) !== writer) continue;
      const places = `the stored offset is ${nextOffset}, and was ${storedOffset}`;
      this.#onWriterFailed(partition, new FencedError(places));
    }
  }

  /** How far each open partition has been read. */
  #places(): Map<number, number> {
    return new Map(
      [...this.#writers].map(([partition, { reader }]) => [
        partition,
        Math.max(reader.position, reader.countFrom),
      ]),
    );
  }

  /** @throws NeedsPersonError when the topic is another one, or its log ends before the offset */
  #assertReaches(partition: number, nextOffset: number, log: ReadonlyMap<number, LogState>): void {
    const state = log.get(partition);
    if (!state) throw new Error(`Cannot find partition ${partition} of the topic`);
    const { config } = this.#options;
    const topicId = this.#topicId ?? state.topicId;
    const where = `${config.KAFKA_TOPIC}/${partition}`;
    assertReaches(config, where, { topicId, nextOffset }, state);
  }

  /** @throws NeedsPersonError when the log holds other records than were read last */
  async #assertSameRecords(
    readers: ReadonlyMap<number, PartitionReader>,
    state: ReadonlyMap<number, LogState>,
  ): Promise<void> {
    const { config, kafka, dependencies } = this.#options;
    const topic = config.KAFKA_TOPIC;
    const marks = new Map<number, Mark>();
    for (const [partition, { mark }] of readers) if (mark) marks.set(partition, mark);
    const [changed] = await dependencies.kafka.watch(() =>
      changedPartitions(kafka, topic, marks, state),
    );
    if (changed === undefined) return;
    throw otherRecord(config, `${topic}/${changed}`, (marks.get(changed) as Mark).offset);
  }

  /**
   * Opens new partitions, compares the log of the others, and begins to fetch. Retries until it works
   * for all, or the group changes. A partition that waits for another consumer keeps no other waiting.
   */
  async #open(partitions: number[]): Promise<void> {
    const opened = new Map<number, Opened>();
    try {
      await this.#openAll(partitions, opened);
    } finally {
      for (const { index } of opened.values()) index.close();
    }
  }

  /** The same. What it leaves in `opened` is not counted, since it was stopped before. */
  async #openAll(partitions: number[], opened: Map<number, Opened>): Promise<void> {
    this.#member.pause(partitions);
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation && !this.#isStopping;
    const fetched = new Set<number>();
    for (let attempt = 0; isCurrent(); attempt++) {
      const connections = this.#connections;
      try {
        const places = this.#places();
        const state = await this.#logState();
        const readers = new Map<number, PartitionReader>();
        let isWaiting = false;
        for (const partition of partitions) {
          this.#assertReaches(partition, places.get(partition) ?? 0, state);
          let writer = this.#writers.get(partition) ?? opened.get(partition)?.writer;
          if (!writer) {
            const one = await this.#openOne(partition, state, isCurrent).catch(unlessItWaits);
            if (one) opened.set(partition, one);
            if (!isCurrent()) return;
            isWaiting ||= one === undefined;
            if (!one) continue;
            writer = one.writer;
          }
          readers.set(partition, writer.reader);
        }
        await this.#assertSameRecords(readers, state);
        if (!isCurrent()) return;
        // What was compared may not be what answers now.
        if (connections !== this.#connections) continue;
        this.#topicId ??= state.values().next().value?.topicId;
        for (const [partition, { writer, index }] of opened) {
          this.#writers.set(partition, writer);
          this.#indexes.set(partition, index);
          // What was lost is stored at once: the log may hold nothing else.
          writer.schedule();
        }
        opened.clear();
        for (const [partition, { position }] of readers) {
          if (fetched.has(partition) || this.#standstills.has(partition)) continue;
          fetched.add(partition);
          this.#member.fetchFrom(partition, position);
        }
        if (!isWaiting) return;
        await pause(backoffMs(attempt), this.#stop.signal).catch(() => {});
      } catch (error) {
        if (!isCurrent()) return;
        if (error instanceof NeedsPersonError) return this.#halt(error);
        if (!mayPass(this.#options.dependencies, error)) return this.#fail(error);
        await pause(backoffMs(attempt), this.#stop.signal).catch(() => {});
      }
    }
  }

  #logState(): Promise<Map<number, LogState>> {
    const { config, kafka, dependencies } = this.#options;
    return dependencies.kafka.watch(() => kafka.logState(config.KAFKA_TOPIC));
  }

  async #openOne(
    partition: number,
    log: Map<number, LogState>,
    isCurrent: () => boolean,
  ): Promise<Opened> {
    const { config, sql, metrics, dependencies, statement } = this.#options;
    const key = this.#key(partition);
    const { reader, index, rules } = await openPartition(this.#options, key, log, this.#seed);
    metrics.opened(partition, reader.pending.nextOffset);
    const storedDays = new StoredDays();
    const writer: PartitionWriter = new PartitionWriter(reader, {
      config,
      store: async (tally) => {
        await this.#forward(partition, tally, rules);
        await dependencies.postgres.watch(() =>
          storeTally(sql, key, tally, { statement, storedDays, rules }),
        );
      },
      events: {
        written: (tally, durationMs) => metrics.written(partition, tally, durationMs),
        failed: (error) => {
          if (!isCurrent() && this.#writers.get(partition) !== writer) return;
          this.#onWriterFailed(partition, error);
        },
      },
    });
    return { writer, index };
  }

  /** What does not belong to the partition has to be in its home before the place moves beyond it. */
  async #forward(partition: number, tally: Tally, rules: readonly DuplicateRule[]): Promise<void> {
    const { partitions = 1 } = ruleAt(rules, tally.expectedOffset);
    await this.#forwarder.send(partition, tally.strays, partitions);
    tally.strays.length = 0;
  }

  #key(partition: number): PartitionKey {
    const { KAFKA_GROUP_ID: groupId, KAFKA_TOPIC: topic } = this.#options.config;
    return { schema: "streaming", groupId, topic, partition };
  }

  async #onFetch(fetch: Fetch): Promise<void> {
    const { partition, logEnd } = fetch;
    const writer = this.#writers.get(partition);
    if (this.#isStopping || !writer || writer.isClosed) return;
    this.#options.metrics.read(partition, logEnd);
    try {
      await ingest(fetch, writer, {
        isStopping: () => this.#isStopping,
        onGap: () => this.#onGap(partition, writer),
        onBehind: () => this.#openAgain(),
        onMoved: () => this.#member.fetchFrom(partition, writer.reader.position),
        onUnreadable: (error) => void this.#standAt(partition, writer, error, logEnd),
      });
    } catch (error) {
      if (!isIndexFailure(error)) throw error;
      if (this.#writers.get(partition) !== writer) return;
      this.#onIndexFailed(partition, error).catch((error) => this.#fail(error));
    }
  }

  /**
   * Only this partition stands, until a person passes over the batch. The note of it is stored behind
   * everything that was read before.
   */
  async #standAt(
    partition: number,
    writer: PartitionWriter,
    { to, why }: UnreadableBatchError,
    logEnd: number,
  ): Promise<void> {
    const { sql, dependencies } = this.#options;
    const { topic, ...key } = this.#key(partition);
    const from = writer.reader.position;
    const standstill = { from, to: Math.max(from, Math.min(to, logEnd - 1)), why };
    const isStanding = () => !this.#isStopping && !writer.isClosed;
    const fromDatabase = <Result>(work: () => Promise<Result>) =>
      retry(() => dependencies.postgres.watch(work), {
        isRetryable: (error) => dependencies.postgres.isOutage(error) && isStanding(),
        signal: this.#stop.signal,
      });
    this.#member.pause([partition]);
    this.#standstills.set(partition, standstill);
    log.error("Counting of a partition stands; the others go on", {
      partition,
      why: describeStandstill(partition, standstill),
    });
    try {
      await writer.flush();
      if (!isStanding()) return;
      await fromDatabase(() =>
        storeStandstill(sql, { topic, ...key }, writer.storedOffset, standstill),
      );
      while (isStanding()) {
        const skips = (await fromDatabase(() => readSkips(sql, topic))).get(partition) ?? [];
        if (isStanding() && skips.some((skip) => skip.from <= to && skip.to >= from)) {
          log.warning("A person has passed over records that cannot be read", { partition, from });
          this.#standstills.delete(partition);
          writer.reader.skips = skips;
          this.#member.fetchFrom(partition, from);
          return;
        }
        await pause(DECISION_INTERVAL_MS, this.#stop.signal);
      }
    } catch (error) {
      if (!isStanding()) return;
      writer.close();
      this.#onWriterFailed(partition, error);
    }
  }

  /** Records between the current place and the fetch are lost if the log is cut. */
  async #onGap(partition: number, writer: PartitionWriter): Promise<void> {
    const state = (await this.#logState()).get(partition);
    if (!state || writer.isClosed || state.logStart <= writer.reader.position) return;
    try {
      loseTo(this.#options, this.#key(partition), writer.reader, state.logStart);
    } catch (error) {
      writer.close();
      throw error;
    }
  }

  /** Ends the counting of a partition here. The next consumer reads what is pending. */
  #close(partition: number): void {
    this.#writers.get(partition)?.close();
    this.#writers.delete(partition);
    this.#standstills.delete(partition);
    this.#indexes.get(partition)?.close();
    this.#indexes.delete(partition);
  }

  #onWriterFailed(partition: number, error: unknown): void {
    this.#close(partition);
    if (!(error instanceof FencedError)) {
      this.#fail(error);
      return;
    }
    this.#options.metrics.fenced.inc();
    log.warning("The place is another one; it is read again", {
      partition,
      error: error.message,
    });
    this.#reopen();
  }

  /** The index of ids cannot go on: it is opened again, and the log tells what it lacks. */
  async #onIndexFailed(partition: number, error: Error): Promise<void> {
    const generation = this.#generation;
    this.#close(partition);
    log.warning("The index of event ids is opened again", { partition, why: error.message });
    const isDisk = !(error instanceof BrokenIndexError || error instanceof TakenOverError);
    if (isDisk) await this.#disk.untilWritable(error, this.#stop.signal);
    if (generation === this.#generation) this.#reopen();
  }

  /** Reports the counted offsets to Kafka, for tools that show lag. A failure changes nothing. */
  async #commitOffsets(): Promise<void> {
    if (this.#writers.size === 0) return;
    const places = [...this.#writers].map(
      ([partition, { storedOffset }]) => [partition, storedOffset] as const,
    );
    try {
      await this.#member.commit(new Map(places));
    } catch (error) {
      log.debug("Could not report offsets to Kafka", { error: (error as Error).message });
    }
  }
}

/**
 * A partition that was added waits for the one that has held its users. That one may not be claimed
 * yet, or stand at a batch that cannot be read.
 */
function unlessItWaits(error: unknown): undefined {
  if (error instanceof FencedError) return;
  if (!(error instanceof UnreadableBatchError)) throw error;
  log.warning("A partition cannot be opened yet", { why: error.message });
}

const isIndexFailure = (error: unknown): error is Error =>
  error instanceof BrokenIndexError || error instanceof TakenOverError || isDiskError(error);
