/**
 * The consumer as a member of its group: opens its partitions, gives what it fetches to their
 * readers, and closes them at a rebalance. `partition-reader.ts` decides what is counted, and
 * `partition-writer.ts` when it is stored.
 */
import { TopicMissingError } from "../kafka/failure.ts";
import type { Fetch, Kafka, Member } from "../kafka/log.ts";
import { pingKafka } from "../kafka/probe.ts";
import { UnreadableBatchError } from "../kafka/unpack.ts";
import { type DuplicateRule, ruleAt } from "../ledger/duplicate-rules.ts";
import { readLedgers } from "../ledger/ledger.ts";
import { describeStandstill, type Standstill } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { sum } from "../lib/sum.ts";
import { backoffMs, deadline, pause } from "../lib/wait.ts";
import { awaitDecision } from "./await-decision.ts";
import { type Dependencies, mayPass, whichAreAway } from "./dependencies.ts";
import { Disk, isDiskError } from "./disk.ts";
import { Forwarder } from "./forward.ts";
import { BrokenIndexError } from "./horizon/checksum.ts";
import { type HorizonIndex, TakenOverError } from "./horizon/horizon-index.ts";
import { ingest } from "./ingest.ts";
import { LogIdentity, type TopicState } from "./log-identity.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { indexFolder, loseTo, openPartition } from "./open-partition.ts";
import type { PartitionReader } from "./partition-reader.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { FencedError, type PartitionKey, storeTally } from "./store.ts";
import { StoredDays } from "./stored-days.ts";
import type { Tally } from "./tally.ts";

const log = getLogger(["consume"]);

const COMMIT_INTERVAL_MS = 5_000;
/** How often the topic's id and the log's ends are compared with what is counted. */
const COMPARE_INTERVAL_MS = 5_000;

export interface GroupMemberOptions {
  config: Config;
  kafka: Kafka;
  sql: Sql;
  metrics: ConsumerMetrics;
  dependencies: Dependencies;
  /** Replaces the statement that stores a tally; only the test of the fence uses it. */
  statement?: string;
}

/** A partition that is counted here, once it is opened and compared with the log. */
interface Counted {
  writer: PartitionWriter;
  index: HorizonIndex;
  /** The batch at which it stands, since nobody can read it. */
  standstill?: Standstill | undefined;
}

export class GroupMember {
  /** Settles when the member ends: resolves after `stop()`, rejects when it cannot go on. */
  readonly ended: Promise<void>;

  readonly #options: GroupMemberOptions;
  readonly #member: Member;
  readonly #log: LogIdentity;
  readonly #counted = new Map<number, Counted>();
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
  #commitTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.ended = this.#end.promise;
    // The member may end before anyone waits for it.
    this.ended.catch(() => {});
    const { config, kafka, metrics, dependencies } = options;
    this.#log = new LogIdentity(options);
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
    const reasons = [...this.#counted].flatMap(([partition, { standstill }]) =>
      standstill ? [describeStandstill(partition, standstill)] : [],
    );
    if (reasons.length > 0) return `a person: ${reasons.join("; ")}`;
    if (!this.#isAllOpen) return "its partitions";
    const records = sum(this.#counted.values().map(({ writer }) => writer.reader.recordsToIndex));
    return records > 0 ? `its index of event ids, which lacks ${records} records` : undefined;
  }

  /** Whether any partition has been opened to be counted. */
  get hasCounted(): boolean {
    return this.#log.isKnown;
  }

  get #isAllOpen(): boolean {
    return this.#assigned.every((partition) => this.#counted.has(partition));
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
    const counted = [...this.#counted.values()];
    const atMost = (work: Promise<unknown>) => deadline(work, msMax).catch(() => {});
    await atMost(Promise.all(counted.map(({ writer }) => writer.flush())));
    await atMost(this.#commitOffsets());
    await atMost(Promise.all(counted.map(({ index }) => index.flush())));
    this.#closeAll();
    await atMost(this.#forwarder.close());
    await atMost(this.#member.leave());
    this.#end.resolve();
  }

  get #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #fail(error: unknown): void {
    if (!this.#isStopping) this.#end.reject(this.#log.explain(error));
  }

  /** The log is another one: what was read of it and is not stored yet must not be. */
  #halt(error: unknown): void {
    this.#closeAll();
    this.#fail(error);
  }

  #onAssigned(assigned: number[]): void {
    const topic = this.#options.config.KAFKA_TOPIC;
    this.#generation += 1;
    this.#joined = true;
    this.#assigned = assigned;
    for (const partition of this.#counted.keys()) {
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
    if (!this.#joined || this.#isStopping || !this.#isAllOpen) return;
    if (this.#assigned.length === 0) return;
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
      if (!this.#joined || this.#counted.size === 0 || signal.aborted) continue;
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
    const state = await this.#log.state();
    for (const [partition, place] of places) this.#log.assertReaches(partition, place, state);
  }

  /** Counts again what a crash of PostgreSQL has forgotten, or an older copy does not have. */
  async #compareTables(): Promise<void> {
    const { config, sql, dependencies } = this.#options;
    const expected = [...this.#counted].map(
      ([partition, { writer }]) => [partition, writer, writer.storedOffset] as const,
    );
    const ledgers = await dependencies.postgres.watch(() => readLedgers(sql, config));
    for (const [partition, writer, storedOffset] of expected) {
      const nextOffset = ledgers.find((ledger) => ledger.partition === partition)?.nextOffset ?? 0;
      if (nextOffset >= storedOffset || !this.#isCounted(partition, writer)) continue;
      const places = `the stored offset is ${nextOffset}, and was ${storedOffset}`;
      this.#onWriterFailed(partition, new FencedError(places));
    }
  }

  /** How far each open partition has been read. */
  #places(): Map<number, number> {
    return new Map(
      [...this.#counted].map(([partition, { writer }]) => [
        partition,
        Math.max(writer.reader.position, writer.reader.countFrom),
      ]),
    );
  }

  /** Whether the partition is still counted by this writer. */
  #isCounted(partition: number, writer: PartitionWriter): boolean {
    return this.#counted.get(partition)?.writer === writer;
  }

  /**
   * Opens new partitions, compares the log of the others, and begins to fetch. Retries until it works
   * for all, or the group changes. A partition that waits for another consumer keeps no other waiting.
   */
  async #open(partitions: number[]): Promise<void> {
    const opened = new Map<number, Counted>();
    try {
      await this.#openAll(partitions, opened);
    } finally {
      for (const { index } of opened.values()) index.close();
    }
  }

  /** The same. What it leaves in `opened` is not counted, since it was stopped before. */
  async #openAll(partitions: number[], opened: Map<number, Counted>): Promise<void> {
    this.#member.pause(partitions);
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation && !this.#isStopping;
    const fetched = new Set<number>();
    for (let attempt = 0; isCurrent(); attempt++) {
      const connections = this.#connections;
      try {
        const places = this.#places();
        const state = await this.#log.state();
        const readers = new Map<number, PartitionReader>();
        let isWaiting = false;
        for (const partition of partitions) {
          this.#log.assertReaches(partition, places.get(partition) ?? 0, state);
          let one = this.#counted.get(partition) ?? opened.get(partition);
          if (!one) {
            one = await this.#openOne(partition, state, isCurrent).catch(unlessItWaits);
            if (one) opened.set(partition, one);
            if (!isCurrent()) return;
          }
          if (one) readers.set(partition, one.writer.reader);
          else isWaiting = true;
        }
        await this.#log.assertSameRecords(readers, state);
        if (!isCurrent()) return;
        // What was compared may not be what answers now.
        if (connections !== this.#connections) continue;
        this.#log.keep(state);
        for (const [partition, one] of opened) {
          this.#counted.set(partition, one);
          // What was lost is stored at once: the log may hold nothing else.
          one.writer.schedule();
        }
        opened.clear();
        for (const [partition, { position }] of readers) {
          if (fetched.has(partition) || this.#counted.get(partition)?.standstill) continue;
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

  async #openOne(partition: number, topic: TopicState, isCurrent: () => boolean): Promise<Counted> {
    const { config, sql, metrics, dependencies, statement } = this.#options;
    const key = this.#key(partition);
    const { reader, index, rules } = await openPartition(this.#options, key, topic, this.#seed);
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
          if (!isCurrent() && !this.#isCounted(partition, writer)) return;
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
    const counted = this.#counted.get(partition);
    if (this.#isStopping || !counted || counted.writer.isClosed) return;
    const { writer } = counted;
    this.#options.metrics.read(partition, logEnd);
    try {
      await ingest(fetch, writer, {
        isStopping: () => this.#isStopping,
        onGap: () => this.#onGap(partition, writer),
        onBehind: () => this.#openAgain(),
        onMoved: () => this.#member.fetchFrom(partition, writer.reader.position),
        onUnreadable: (error) => void this.#standAt(partition, counted, error, logEnd),
      });
    } catch (error) {
      if (!isIndexFailure(error)) throw error;
      if (!this.#isCounted(partition, writer)) return;
      this.#onIndexFailed(partition, error).catch((error) => this.#fail(error));
    }
  }

  /** Only this partition stands, until a person passes over the batch. */
  async #standAt(
    partition: number,
    counted: Counted,
    { to, why }: UnreadableBatchError,
    logEnd: number,
  ): Promise<void> {
    const { sql, dependencies } = this.#options;
    const { writer } = counted;
    const from = writer.reader.position;
    const standstill = { from, to: Math.max(from, Math.min(to, logEnd - 1)), why };
    const isStanding = () => !this.#isStopping && !writer.isClosed;
    this.#member.pause([partition]);
    counted.standstill = standstill;
    try {
      const isPassed = await awaitDecision(standstill, {
        sql,
        postgres: dependencies.postgres,
        key: this.#key(partition),
        writer,
        isStanding,
        signal: this.#stop.signal,
      });
      if (!isPassed) return;
      counted.standstill = undefined;
      this.#member.fetchFrom(partition, from);
    } catch (error) {
      if (!isStanding()) return;
      writer.close();
      this.#onWriterFailed(partition, error);
    }
  }

  /** Records between the current place and the fetch are lost if the log is cut. */
  async #onGap(partition: number, writer: PartitionWriter): Promise<void> {
    const state = (await this.#log.state()).get(partition);
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
    const counted = this.#counted.get(partition);
    counted?.writer.close();
    counted?.index.close();
    this.#counted.delete(partition);
  }

  #closeAll(): void {
    for (const partition of [...this.#counted.keys()]) this.#close(partition);
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
    if (this.#counted.size === 0) return;
    const places = [...this.#counted].map(
      ([partition, { writer }]) => [partition, writer.storedOffset] as const,
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
