/**
 * Kafka by kafkajs, with the patch that comes with this project. The only file that imports it and
 * knows its names and its faults. Every option that decides a delivery guarantee is spelled out here.
 */
import kafkajs from "kafkajs";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { certificateRefusal, trustedCertificates } from "../lib/tls.ts";
import { backoffMs, deadline, pause, retry } from "../lib/wait.ts";
import { compressZstd } from "./codecs.ts";
import type { EncodedRecords } from "./encode-records.ts";
import {
  errorOf,
  type Failure,
  KafkaError,
  OutageError,
  TopicMissingError,
  topicMissing,
} from "./failure.ts";
import type {
  Appender,
  AppenderOptions,
  Groups,
  Kafka,
  LogState,
  Member,
  MemberEvents,
  MemberOptions,
  NewTopic,
  OpenOptions,
  Topics,
} from "./log.ts";
import { type PackedBatch, type SetBatch, splitRecordSet } from "./record-set.ts";
import { admittedSockets } from "./sockets.ts";

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, ConfigSource, logLevel } =
  kafkajs;

/** kafkajs comes without Zstandard. What members read is unpacked in `unpack.ts`. */
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compressZstd(buffer),
});

const log = getLogger(["kafka"]);

const PATCHES = ["encodedRecords", "failover", "fetchRecordSet", "readRecordSet", "topicIds"];

/**
 * @throws Error when kafkajs lacks the project's patch: records could be neither read nor sent
 */
export function assertPatched(patched: readonly string[] | undefined): void {
  const missing = PATCHES.filter((name) => !patched?.includes(name));
  if (missing.length === 0) return;
  throw new Error(
    `Cannot use Kafka: kafkajs lacks this project's patch (${missing.join(", ")}); run \`npx --yes bun install --force\` in the checkout`,
  );
}

/** @throws Error when kafkajs lacks the project's patch */
export function openKafkajs(config: Config, options: OpenOptions): Kafka {
  assertPatched(kafkajs.patched);
  return new KafkajsClient(config, options);
}

class KafkajsClient implements Kafka {
  readonly topics: Topics;
  readonly groups: Groups;
  readonly #config: Config;
  readonly #options: OpenOptions;
  readonly #kafka: kafkajs.Kafka;

  constructor(config: Config, options: OpenOptions) {
    this.#config = config;
    this.#options = options;
    this.#kafka = new kafkajs.Kafka(clientOptions(config, options));
    this.topics = this.#topics();
    this.groups = this.#groups();
  }

  ping(): Promise<void> {
    return this.#ask(async (admin) => {
      const { brokers } = await admin.describeCluster();
      if (brokers.length === 0) throw this.#outage("no broker is registered yet");
    });
  }

  logState(topic: string): Promise<Map<number, LogState>> {
    return this.#ask(async (admin) => {
      const topicId = await admin.fetchTopicId(topic);
      if (topicId === null) throw topicMissing(topic);
      const offsets = await retry(() => admin.fetchTopicOffsets(topic), {
        attemptsMax: 6,
        isRetryable: hasNoLeaderYet,
      }).catch((error) => {
        const failure = this.#translated(error);
        if (!(failure instanceof TopicMissingError)) throw failure;
        throw this.#outage("the topic is there, but its partitions are not yet");
      });
      return new Map(
        offsets.map(({ partition, low, high, end }) => [
          partition,
          {
            topicId,
            logStart: Number(low),
            logEnd: Number(high),
            // Asked later, so it is never below.
            appendEnd: Number(end),
          },
        ]),
      );
    });
  }

  batchesAt(
    topic: string,
    offsets: ReadonlyMap<number, number>,
  ): Promise<Map<number, PackedBatch>> {
    return this.#ask(async (admin) => {
      const found = new Map<number, PackedBatch>();
      for (const [partition, offset] of offsets) {
        const place = { topic, partition, offset: String(offset) };
        const batches = splitRecordSet(await admin.fetchRecordSet(place), offset);
        const at = batches.find(({ batch }) => batch.lastOffset >= offset);
        if (at) found.set(partition, at.batch);
      }
      return found;
    });
  }

  member(options: MemberOptions, events: MemberEvents): Member {
    const kafka = this.#admitted(() => events.connected?.());
    return new KafkajsMember(kafka, options, events, (error) => this.#translated(error));
  }

  async openAppender(topic: string, options: AppenderOptions = {}): Promise<Appender> {
    const { size } = await this.logState(topic);
    const cluster = await this.#clusterId();
    let refusal: Error | undefined;
    const kafka = this.#admitted(async () => {
      const found = await this.#clusterId();
      if (found === cluster) return;
      refusal = this.#otherCluster(found, cluster);
      throw refusal;
    });
    const translated = (error: unknown) => refusal ?? this.#translated(error);
    const appender = new KafkajsAppender(kafka, topic, size, options, translated);
    await appender.open();
    return appender;
  }

  /** A client whose connections are in use only once `admit` has resolved. */
  #admitted(admit: () => void | Promise<void>): kafkajs.Kafka {
    return new kafkajs.Kafka({
      ...clientOptions(this.#config, this.#options),
      socketFactory: admittedSockets(admit),
    });
  }

  #clusterId(): Promise<string> {
    return this.#ask(async (admin) => (await admin.describeCluster()).clusterId);
  }

  /** Another cluster may give the appender's producer id to somebody else. */
  #otherCluster(found: string, before: string): Error {
    const reason = `it is another cluster than before (its id is ${found}, it was ${before}), so records that were sent may be gone; start the sender again`;
    return errorOf(this.#config, { kind: "other", reason });
  }

  #topics(): Topics {
    return {
      create: async (topic: NewTopic) => {
        const created = await this.#ask((admin) =>
          admin.createTopics({
            // kafkajs waits for leaders, but not for a broker that does not know the topic yet.
            waitForLeaders: false,
            timeout: LEADERS_MS_MAX,
            topics: [topicConfig(topic)],
          }),
        );
        if (created) await this.#untilLed(topic.name);
        return created;
      },
      addPartitions: (topic, partitions) =>
        this.#ask(async (admin) => {
          await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] });
        }),
      settings: (topic) =>
        this.#ask(async (admin) => {
          const { resources } = await admin.describeConfigs({
            includeSynonyms: false,
            resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
          });
          const entries = resources[0]?.configEntries ?? [];
          return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
        }),
      change: (topic, settings) =>
        this.#ask(async (admin) => {
          const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
          const { resources } = await admin.describeConfigs({
            includeSynonyms: false,
            resources: [resource],
          });
          // The request sets all of them: what it leaves out falls back to the broker's setting.
          const own = (resources[0]?.configEntries ?? [])
            .filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
            .map(({ configName, configValue }) => [configName, configValue]);
          const wanted: Record<string, string> = { ...Object.fromEntries(own), ...settings };
          await admin.alterConfigs({
            validateOnly: false,
            resources: [
              {
                ...resource,
                configEntries: Object.entries(wanted).map(([name, value]) => ({ name, value })),
              },
            ],
          });
        }),
      deleteRecords: (topic, before) =>
        this.#ask(async (admin) => {
          await admin.fetchTopicOffsets(topic); // Loads the metadata that deleting needs.
          await admin.deleteTopicRecords({ topic, partitions: asOffsets(before) });
        }),
      delete: (topic) => this.#ask((admin) => admin.deleteTopics({ topics: [topic] })),
    };
  }

  #groups(): Groups {
    return {
      state: (groupId) =>
        this.#ask(async (admin) => {
          const { groups } = await admin.describeGroups([groupId]);
          const assigned = groups[0]?.members.filter(
            ({ memberAssignment }) => memberAssignment.length > 0,
          );
          return { state: groups[0]?.state ?? "Dead", assignedMembers: assigned?.length ?? 0 };
        }),
      delete: (groupId) =>
        this.#ask(async (admin) => {
          await admin.deleteGroups([groupId]);
        }),
    };
  }

  /** Resolves when every partition of the topic has a leader. */
  async #untilLed(topic: string): Promise<void> {
    await retry(() => this.logState(topic), {
      isRetryable: (error) => error instanceof TopicMissingError || error instanceof OutageError,
      totalMsMax: LEADERS_MS_MAX,
      msMax: 500,
    });
  }

  /** Does something over a connection of its own. */
  async #ask<Result>(work: (admin: kafkajs.Admin) => Promise<Result>): Promise<Result> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw this.#translated(error);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  #outage(reason: string): Error {
    return errorOf(this.#config, { kind: "outage", reason });
  }

  #translated(error: unknown): Error {
    const root = rootOf(error);
    if (root instanceof KafkaError) return root;
    if (!(root instanceof kafkajs.KafkaJSError)) return error as Error;
    return errorOf(this.#config, failureOf(error), error);
  }
}

/** How long a topic that was created may take to have leaders. */
const LEADERS_MS_MAX = 15_000;

const topicConfig = ({ name, partitions, replicationFactor, settings }: NewTopic) => ({
  topic: name,
  numPartitions: partitions,
  replicationFactor,
  configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
});

function clientOptions(config: Config, { clientId, patience = "short" }: OpenOptions) {
  const mechanism = config.KAFKA_SASL_MECHANISM;
  return {
    clientId,
    brokers: config.KAFKA_BROKERS,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry:
      patience === "short"
        ? { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 }
        : { initialRetryTime: 100, maxRetryTime: 1_000, retries: 60 },
    ...(config.KAFKA_TLS === "true" && {
      ssl: { ca: trustedCertificates(config.KAFKA_TLS_CA) },
    }),
    ...(mechanism !== "none" && {
      sasl: {
        mechanism,
        username: config.KAFKA_SASL_USERNAME ?? "",
        password: config.KAFKA_SASL_PASSWORD ?? "",
      } as kafkajs.SASLOptions,
    }),
    logLevel: logLevel.WARN,
    logCreator,
  };
}

/** Conditions that kafkajs logs as errors although it then retries or throws them. */
const ROUTINE =
  /rebalanc|coordinator|not (the )?leader|Connection (error|timeout)|Closed connection|disconnect|There is no leader|SASL .* authentication failed|Response |Error when calling eachBatch|^Crash: /i;

const logCreator: kafkajs.logCreator =
  () =>
  ({ level, log: { message, logger: _logger, timestamp: _timestamp, stack: _stack, ...fields } }) =>
    level === logLevel.ERROR && !ROUTINE.test(message)
      ? log.warning(message, fields)
      : log.debug(message, fields);

class KafkajsMember implements Member {
  readonly #consumer: kafkajs.Consumer;
  readonly #options: MemberOptions;
  readonly #events: MemberEvents;
  readonly #translated: (error: unknown) => Error;
  readonly #end = new AbortController();
  /** Whether kafkajs has a group to which a place in the log can be told. */
  #isMember = false;
  #crashes = 0;

  constructor(
    kafka: kafkajs.Kafka,
    options: MemberOptions,
    events: MemberEvents,
    translated: (error: unknown) => Error,
  ) {
    this.#options = options;
    this.#events = events;
    this.#translated = translated;
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      readRecordSet,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: Math.max(60_000, options.sessionTimeoutMs),
      heartbeatInterval: Math.min(1_000, options.sessionTimeoutMs / 3),
      // A fetch that has anything at all returns at once. Its size bounds the memory, since
      // compressed records are several times as large when they are read.
      minBytes: 1,
      maxBytesPerPartition: 1_048_576,
      maxBytes: 4_194_304,
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      metadataMaxAge: 60_000, // Partitions that are added are noticed within a minute.
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        retries: 60,
        // Which failures pass is decided here, see `#onCrash`.
        restartOnFailure: async () => false,
      },
    });
    this.#listen();
  }

  #listen(): void {
    const consumer = this.#consumer;
    const events = this.#events;
    const { GROUP_JOIN, REBALANCING, CRASH, REQUEST } = consumer.events;
    // kafkajs calls listeners at once, and so before the first fetch of the new assignment.
    consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#isMember = true;
      this.#crashes = 0;
      events.assigned(payload.memberAssignment[this.#options.topic] ?? []);
    });
    consumer.on(CRASH, ({ payload }) => this.#onCrash(payload.error));
    if (events.rebalancing) consumer.on(REBALANCING, () => events.rebalancing?.());
    if (events.answered) {
      consumer.on(REQUEST, ({ payload }) => events.answered?.(payload.duration));
    }
  }

  async join(): Promise<void> {
    await retry(() => this.#begin(), {
      isRetryable: (error) => error instanceof OutageError,
      onRetry: (error) => this.#events.away(error as Error),
      signal: this.#end.signal,
    });
  }

  async #begin(): Promise<void> {
    const { topic, partitionsAtOnce = 64 } = this.#options;
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: partitionsAtOnce,
        eachBatch: (payload) => this.#onBatch(payload),
      });
    } catch (error) {
      throw this.#translated(error);
    }
  }

  /** kafkajs has left the group and disconnected. */
  async #onCrash(cause: Error): Promise<void> {
    this.#isMember = false;
    const { signal } = this.#end;
    if (signal.aborted) return;
    const error = this.#translated(cause);
    if (!(error instanceof OutageError)) return this.#fail(error);
    this.#events.away(error);
    try {
      await pause(backoffMs(this.#crashes++), signal);
      await this.join();
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  async #onBatch({ batch, heartbeat, isStale }: kafkajs.EachBatchPayload): Promise<void> {
    if (this.#end.signal.aborted) return;
    let heartbeatError: unknown;
    try {
      await this.#events.fetched({
        partition: batch.partition,
        fetchedOffset: Number(batch.fetchedOffset),
        nextOffset: Number(batch.lastOffset()) + 1,
        logEnd: Number(batch.lastStableOffset),
        batches: batchesOf(batch),
        heartbeat: async () => {
          try {
            await heartbeat();
          } catch (error) {
            heartbeatError = error;
            throw error;
          }
        },
        isStale,
      });
    } catch (error) {
      // kafkajs joins the group again, or fetches the same again.
      if (error === heartbeatError || error instanceof OutageError) throw error;
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#events.ended(error);
  }

  pause(partitions: number[]): void {
    if (!this.#isMember) return;
    this.#consumer.pause([{ topic: this.#options.topic, partitions }]);
  }

  fetchFrom(partition: number, offset: number): void {
    if (!this.#isMember) return;
    const { topic } = this.#options;
    this.#consumer.seek({ topic, partition, offset: String(offset) });
    this.#consumer.resume([{ topic, partitions: [partition] }]);
  }

  async commit(nextOffsets: ReadonlyMap<number, number>): Promise<void> {
    if (!this.#isMember) return;
    const { topic } = this.#options;
    try {
      await this.#consumer.commitOffsets(
        asOffsets(nextOffsets).map((offset) => ({ topic, ...offset })),
      );
    } catch (error) {
      throw this.#translated(error);
    }
  }

  async leave(): Promise<void> {
    this.#end.abort(new Error("Left the group"));
    await this.#consumer.disconnect();
  }
}

/** The record batches of a fetch in the order of the log, with those that are hidden from readers. */
function batchesOf({ messages, messagesWithinOffset }: kafkajs.Batch): PackedBatch[] {
  const visible = new Set<unknown>(messages);
  return (messagesWithinOffset as unknown as ReadBatch[]).map((message) =>
    visible.has(message) ? message.batch : { ...message.batch, isHidden: true },
  );
}

/** A record batch in the form in which kafkajs looks for aborted transactions. */
interface ReadBatch extends kafkajs.UndecodedBatch {
  batch: PackedBatch;
}

const readRecordSet = (bytes: Uint8Array | null, fetchedOffset: string): ReadBatch[] =>
  splitRecordSet(bytes, Number(fetchedOffset)).map(asMessage);

const asMessage = ({ batch, producerId, inTransaction, isControl, key }: SetBatch): ReadBatch => ({
  offset: String(batch.lastOffset),
  key,
  isControlRecord: isControl,
  batchContext: { producerId: String(producerId), inTransaction },
  batch,
});

/**
 * kafkajs starts again at 0 when a partition's sequence reaches 2^31 - 1, which is not where Kafka
 * does, and the broker then refuses everything. Before that, a new producer starts from 0.
 */
const SEQUENCE_MAX = 2_000_000_000;

/** A few records gain nothing, and the hop to the compressing thread costs more than sending them. */
const COMPRESSED_BYTES_MIN = 1_024;

/** kafkajs waits for answers under way, which may never come. */
const CLOSE_MS_MAX = 2_000;

/**
 * Each partition has one request at a time, which makes repeating it safe. After a lost answer
 * kafkajs reuses the records' sequence numbers. If another request came first, the broker would
 * mistake it for the repetition and drop it.
 */
class KafkajsAppender implements Appender {
  readonly partitionCount: number;
  readonly #kafka: kafkajs.Kafka;
  readonly #topic: string;
  readonly #sequenceMax: number;
  readonly #translated: (error: unknown) => Error;
  readonly #producers: kafkajs.Producer[] = [];
  #lanes: { producer: kafkajs.Producer; sequence: number; isBusy: boolean }[] = [];

  constructor(
    kafka: kafkajs.Kafka,
    topic: string,
    partitionCount: number,
    { sequenceMax = SEQUENCE_MAX }: AppenderOptions,
    translated: (error: unknown) => Error,
  ) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.partitionCount = partitionCount;
    this.#sequenceMax = sequenceMax;
    this.#translated = translated;
  }

  async open(): Promise<void> {
    const producer = await this.#connect();
    this.#lanes = Array.from({ length: this.partitionCount }, () => ({
      producer,
      sequence: 0,
      isBusy: false,
    }));
  }

  async append(partition: number, { recordCount, records }: EncodedRecords): Promise<void> {
    const lane = this.#lanes[partition];
    if (!lane) throw new Error(`Cannot append: there is no partition ${partition}`);
    if (lane.isBusy) throw new Error(`Cannot append to partition ${partition} twice at a time`);
    lane.isBusy = true;
    try {
      if (lane.sequence + recordCount > this.#sequenceMax) {
        lane.producer = await this.#connect();
        lane.sequence = 0;
      }
      await lane.producer.send({
        topic: this.#topic,
        acks: -1,
        compression:
          records.length < COMPRESSED_BYTES_MIN ? CompressionTypes.None : CompressionTypes.ZSTD,
        messages: { length: recordCount, partition, encodedRecords: records },
      });
      lane.sequence += recordCount;
    } catch (error) {
      throw this.#translated(error);
    } finally {
      lane.isBusy = false;
    }
  }

  async #connect(): Promise<kafkajs.Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Never asked, since callers name the partition; without one, kafkajs warns.
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      // The caller repeats what fails, for as long as it likes: here only hiccups are bridged.
      retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 500 },
    });
    try {
      await producer.connect();
    } catch (error) {
      throw this.#translated(error);
    }
    this.#producers.push(producer);
    return producer;
  }

  async close(): Promise<void> {
    const disconnected = this.#producers.map((producer) => producer.disconnect());
    // Everything is stored or given up by now, so a failure here changes nothing.
    await deadline(Promise.all(disconnected), CLOSE_MS_MAX).catch(() => {});
  }
}

const asOffsets = (nextOffsets: ReadonlyMap<number, number>) =>
  [...nextOffsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));

interface AnyError extends Error {
  retriable?: boolean;
  type?: string;
  broker?: string;
  originalError?: unknown;
  errors?: unknown[];
}

/** The error that started a chain of wrapped ones. */
function rootOf(error: unknown): AnyError {
  let root = (error ?? {}) as AnyError;
  for (let depth = 0; depth < 8; depth++) {
    const inner = root.cause ?? root.originalError ?? root.errors?.[0];
    if (!(inner instanceof Error) || inner === root) return root;
    root = inner;
  }
  return root;
}

/** A partition that is new or changes its leader; kafkajs asks for its offsets once only. */
const hasNoLeaderYet = (error: unknown) =>
  /^(NOT_LEADER_FOR_PARTITION|LEADER_NOT_AVAILABLE)$/.test(rootOf(error).type ?? "");

/** What kafkajs calls final, although the same request may succeed later. */
const PASSING = [
  // Requests to one broker queue up behind a lock, which gives up after 65 s of outage. The record
  // was not sent and has no sequence number yet.
  "KafkaJSLockTimeout",
  "KafkaJSTimeout",
  "KafkaJSGroupCoordinatorNotFound",
];

/**
 * The kind of a failure, by the error that started it. kafkajs calls an outage permanent that
 * outlasts its retries, and calls a refused certificate an outage.
 */
export function failureOf(error: unknown): Failure {
  const root = rootOf(error);
  const reason = (root.message ?? String(error))
    .replace(/\s+/g, " ")
    .replace(/^Connection error: /, "")
    .replace(/\.$/, "");
  return { kind: kindOf(root), reason, broker: root.broker };
}

function kindOf(root: AnyError): Failure["kind"] {
  const refusal = certificateRefusal(root);
  if (refusal) return refusal;
  if (root.name === "KafkaJSSASLAuthenticationError") return "login";
  if (root.type === "UNKNOWN_TOPIC_OR_PARTITION") return "topic";
  if (root.type === "INCONSISTENT_GROUP_PROTOCOL") return "group";
  if (root.type?.endsWith("_AUTHORIZATION_FAILED")) return "permission";
  if (root.name === "KafkaJSConnectionClosedError") return "closed";
  if (PASSING.includes(root.name)) return "outage";
  return root instanceof kafkajs.KafkaJSError && root.retriable === true ? "outage" : "other";
}
