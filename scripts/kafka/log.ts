/**
 * The interface to Kafka, whichever client implements it: reading, appending, and managing topics.
 * Every call may throw the errors of `failure.ts`: an outage, a refusal, or a fatal one.
 */
import type { EncodedRecords } from "./encode-records.ts";
import type { PackedBatch } from "./record-set.ts";

export interface OpenOptions {
  /** Name that Kafka's logs and quotas show. */
  clientId: string;
  /**
   * How long one request is retried. `short` fails in seconds, for commands with a waiting person;
   * `long` goes on for about a minute, for services. @default {"short"}
   */
  patience?: "short" | "long";
}

export interface Kafka {
  /** Resolves when a broker answers and is registered in its cluster. */
  ping(): Promise<void>;
  /**
   * State of each partition of the topic, by partition.
   * @throws TopicMissingError
   */
  logState(topic: string): Promise<Map<number, LogState>>;
  /**
   * The record batch with the offset, of each partition. A partition whose log holds none from the
   * offset on is missing in the answer. Joins no group.
   * @throws TopicMissingError
   */
  batchesAt(topic: string, offsets: ReadonlyMap<number, number>): Promise<Map<number, PackedBatch>>;
  /** A member of a consumer group, which begins with `join()`. */
  member(options: MemberOptions, events: MemberEvents): Member;
  /**
   * Opens a topic for appending.
   * @throws TopicMissingError
   */
  openAppender(topic: string, options?: AppenderOptions): Promise<Appender>;
  topics: Topics;
  groups: Groups;
}

/** The current state of a partition in Kafka. */
export interface LogState {
  /** UUID of the topic: another one after the topic was deleted and created again. */
  topicId: string;
  /** First offset that the log still holds. */
  logStart: number;
  /** Offset up to which readers get records: where open transactions begin, or `appendEnd`. */
  logEnd: number;
  /** Offset that the next record will get. */
  appendEnd: number;
}

export interface MemberOptions {
  groupId: string;
  topic: string;
  /** A member that is silent for this long loses its partitions. */
  sessionTimeoutMs: number;
  /** Partitions that are handled at the same time. @default {64} */
  partitionsAtOnce?: number;
}

export interface MemberEvents {
  /**
   * The group has assigned these partitions to this member, instead of its earlier ones. Called
   * before the first fetch. That begins at the log's start unless `fetchFrom()` or `pause()` is
   * called.
   */
  assigned(partitions: number[]): void;
  /** One fetch of one partition. An error from here ends the member, unless it is an outage. */
  fetched(fetch: Fetch): Promise<void>;
  /** The group assigns its partitions again; until `assigned()`, this member has none. */
  rebalancing?(): void;
  /** A new connection to a broker is open, and nothing was asked over it yet. */
  connected?(): void;
  /** Kafka has answered a request, after this many milliseconds. */
  answered?(durationMs: number): void;
  /** Kafka is away, and the member is out of the group. It joins again without help. */
  away(error: Error): void;
  /** The member cannot go on: a refusal, a failure that is fatal, or an error of `fetched()`. */
  ended(error: unknown): void;
}

/** A member of a group. It never commits offsets on its own. */
export interface Member {
  /** Resolves when the member takes part; waits for a Kafka that is away. */
  join(): Promise<void>;
  /** Fetches no more of these partitions until `fetchFrom()`. */
  pause(partitions: number[]): void;
  /** Fetches the partition again, from this offset. */
  fetchFrom(partition: number, offset: number): void;
  /** Reports the next offset of each partition to Kafka, for tools that show lag. */
  commit(nextOffsets: ReadonlyMap<number, number>): Promise<void>;
  leave(): Promise<void>;
}

/** The result of one fetch of one partition. */
export interface Fetch {
  partition: number;
  /** Offset at which the fetch began. */
  fetchedOffset: number;
  /** Offset after the last record. */
  nextOffset: number;
  /** Offset up to which the log could be read. */
  logEnd: number;
  /**
   * As they stand in the log, for `unpacked()`, and in its order. Also hidden ones: what no batch
   * covers is missing.
   */
  batches: PackedBatch[];
  /** Keeps the membership during long work. Its errors must reach the caller of `fetched()`. */
  heartbeat(): Promise<void>;
  /** Whether the partition is fetched from elsewhere now, so that this fetch must be dropped. */
  isStale(): boolean;
}

export interface AppenderOptions {
  /** Records that one producer id sends to a partition; a test gives a small number. */
  sequenceMax?: number;
}

/**
 * Appends records, each once for as long as the appender lives. After an outage, repeat the same
 * call until it succeeds, before appending anything else to the partition.
 */
export interface Appender {
  readonly partitionCount: number;
  /**
   * Resolves when all replicas in sync have the records. One call per partition at a time.
   * @throws OutageError, after which it is unknown whether the records are stored; KafkaError when
   * another cluster answers than at the opening
   */
  append(partition: number, records: EncodedRecords): Promise<void>;
  close(): Promise<void>;
}

export interface NewTopic {
  name: string;
  partitions: number;
  replicationFactor: number;
  /** Kafka's own settings of a topic, such as `retention.ms`. */
  settings: Readonly<Record<string, string>>;
}

export interface Topics {
  /** Creates the topic and waits for its leaders; false when the name exists. */
  create(topic: NewTopic): Promise<boolean>;
  /** Adds partitions, so that there are `partitions` of them. */
  addPartitions(topic: string, partitions: number): Promise<void>;
  /** Kafka's settings of the topic. */
  settings(topic: string): Promise<Map<string, string>>;
  /** Changes some settings of the topic; its other settings stay as they are. */
  change(topic: string, settings: Readonly<Record<string, string>>): Promise<void>;
  /** Deletes each partition's records before an offset, as retention does. */
  deleteRecords(topic: string, before: ReadonlyMap<number, number>): Promise<void>;
  delete(topic: string): Promise<void>;
}

export interface Groups {
  /** The state of the group in Kafka's words, and the members that have partitions. */
  state(groupId: string): Promise<{ state: string; assignedMembers: number }>;
  /** Deletes an empty group. */
  delete(groupId: string): Promise<void>;
}
