/**
 * What the platform asks of Kafka, whichever client does it: reading, appending, and looking after
 * topics. Every call may throw what `failure.ts` lists: an outage, a refusal, or what is fatal.
 */
import type { EncodedRecords } from "./encode-records.ts";
import type { RecordBatch } from "./record-cursor.ts";

export interface OpenOptions {
  /** Name that Kafka's logs and quotas show. */
  clientId: string;
  /**
   * How long one request is retried: `short` fails in seconds, for commands with a person in front
   * of them; `long` goes on for about a minute, for services. @default {"short"}
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

/** What Kafka says of a partition now. */
export interface LogState {
  /** UUID of the topic: another one after the topic was deleted and created again. */
  topicId: string;
  /** First offset that the log still holds. */
  logStart: number;
  /** Offset that the next record will get. */
  logEnd: number;
}

export interface MemberOptions {
  groupId: string;
  topic: string;
  /** A member that is silent for so long loses its partitions. */
  sessionTimeoutMs: number;
  /** Partitions that are handled at the same time. @default {64} */
  partitionsAtOnce?: number;
}

export interface MemberEvents {
  /**
   * The group has assigned these partitions to this member, instead of any it had. Called before
   * the first fetch, which begins at the log's start unless `fetchFrom()` or `pause()` is called.
   */
  assigned(partitions: number[]): void;
  /** One fetch of one partition. What it throws ends the member, unless it is an outage. */
  fetched(fetch: Fetch): Promise<void>;
  /** The log holds nothing for readers up to here: markers, or aborted transactions. */
  skipped?(partition: number, nextOffset: number): void;
  /** The group assigns its partitions again; until `assigned()`, this member has none. */
  rebalancing?(): void;
  /** Kafka has answered a request. */
  answered?(): void;
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
  /** Goes on to fetch the partition, from this offset. */
  fetchFrom(partition: number, offset: number): void;
  /** Tells Kafka, for tools that show lag, the next offset of each partition. */
  commit(nextOffsets: ReadonlyMap<number, number>): Promise<void>;
  leave(): Promise<void>;
}

/** What one fetch brought of one partition. */
export interface Fetch {
  partition: number;
  /** Offset at which the fetch began. */
  fetchedOffset: number;
  /** Offset after the last record. */
  nextOffset: number;
  /** Offset at which the log ended: the high watermark. */
  logEnd: number;
  batches: RecordBatch[];
  /** Keeps the membership during long work. What it throws must reach the caller of `fetched()`. */
  heartbeat(): Promise<void>;
  /** Whether the partition is fetched from elsewhere by now, and this fetch must be dropped. */
  isStale(): boolean;
}

export interface AppenderOptions {
  /** Records that one producer id sends to a partition; a test gives a small number. */
  sequenceMax?: number;
}

/**
 * Appends records, each once for as long as the appender lives: after an outage the same call is
 * repeated until it succeeds, before anything else is appended to the partition.
 */
export interface Appender {
  readonly partitionCount: number;
  /**
   * Resolves when all replicas in sync have the records. One call per partition at a time.
   * @throws OutageError, after which it is unknown whether the records are stored
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
  /** Makes the topic and waits for its leaders; false when there is one of this name. */
  create(topic: NewTopic): Promise<boolean>;
  /** Adds partitions, so that there are `partitions` of them. */
  addPartitions(topic: string, partitions: number): Promise<void>;
  /** Kafka's settings of the topic. */
  settings(topic: string): Promise<Map<string, string>>;
  /** Deletes each partition's records before an offset, as retention does. */
  deleteRecords(topic: string, before: ReadonlyMap<number, number>): Promise<void>;
  delete(topic: string): Promise<void>;
}

export interface Groups {
  /** Kafka's word for the state of the group, and the members that have partitions. */
  state(groupId: string): Promise<{ state: string; assignedMembers: number }>;
  /** Deletes an empty group. */
  delete(groupId: string): Promise<void>;
}
