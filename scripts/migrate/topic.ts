/**
 * The topic of events, with retention in time and in bytes so that it cannot fill a disk. An
 * existing topic gets missing partitions, and is compacted no longer. In the Kafka of this machine it
 * also gets another retention. Other differences are only reported.
 */
import { CLEANUP_POLICY, compacts } from "../kafka/compaction.ts";
import { openKafka } from "../kafka/open.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError, NeedsPersonError } from "../lib/errors.ts";
import { isKafkaHere } from "../lib/local-data.ts";

const MESSAGE_BYTES_MAX = 4_194_304;
const SEGMENT_BYTES_MIN = 1_048_576;
const SEGMENT_BYTES_MAX = 134_217_728;
const SEGMENT_MS_MIN = 60_000;
const HOUR_MS = 3_600_000;

/** The settings that follow from KAFKA_RETENTION_HOURS and KAFKA_RETENTION_BYTES. */
const RETENTION = [
  "retention.ms",
  "retention.bytes",
  "segment.bytes",
  "segment.ms",
  "max.message.bytes",
];

export interface TopicReport {
  created: boolean;
  /** Partitions that were added to an existing topic. */
  addedPartitions: number;
  /** Which settings were changed, one sentence each. */
  changes: string[];
  /** How an existing topic differs from the settings, one sentence each. */
  differences: string[];
  /** The topic was compacted; records that were forgotten do not come back. */
  endedCompaction: boolean;
}

/**
 * The settings of the topic. Kafka deletes only closed segments, so a segment is a small part of
 * what is kept. The broker stamps the records, since retention must not depend on a client's clock.
 */
export function topicSettings(config: Config): Record<string, string> {
  const retentionMs = config.KAFKA_RETENTION_HOURS * HOUR_MS;
  const segmentBytes = between(
    SEGMENT_BYTES_MIN,
    Math.floor(config.KAFKA_RETENTION_BYTES / 8),
    SEGMENT_BYTES_MAX,
  );
  return {
    [CLEANUP_POLICY]: "delete",
    "retention.ms": String(retentionMs),
    "retention.bytes": String(config.KAFKA_RETENTION_BYTES),
    "segment.bytes": String(segmentBytes),
    "segment.ms": String(Math.max(SEGMENT_MS_MIN, Math.floor(retentionMs / 24))),
    "max.message.bytes": String(Math.min(MESSAGE_BYTES_MAX, segmentBytes)),
    "message.timestamp.type": "LogAppendTime",
    // Two of three brokers have a record before it is acknowledged, so one may be lost.
    ...(config.KAFKA_REPLICATION_FACTOR > 2 && { "min.insync.replicas": "2" }),
  };
}

/**
 * Creates the topic, or compares the existing one with the settings.
 * @throws ConfigError when partitions would be added whose number is not a multiple of the present one
 * @throws NeedsPersonError when the topic is compacted, and `mayEndCompaction` is not set for one that
 * differs in other settings, too: someone else may own it
 */
export async function ensureTopic(
  config: Config,
  { mayEndCompaction = false } = {},
): Promise<TopicReport> {
  const kafka = openKafka(config, { clientId: "migrate" });
  const topic = config.KAFKA_TOPIC;
  const created = await kafka.topics.create({
    name: topic,
    partitions: config.KAFKA_PARTITIONS,
    replicationFactor: config.KAFKA_REPLICATION_FACTOR,
    settings: topicSettings(config),
  });
  if (created) {
    return { created, addedPartitions: 0, changes: [], differences: [], endedCompaction: false };
  }
  const partitions = (await kafka.logState(topic)).size;
  const addedPartitions = Math.max(0, config.KAFKA_PARTITIONS - partitions);
  if (addedPartitions > 0 && config.KAFKA_PARTITIONS % partitions !== 0) {
    throw new ConfigError(
      `Cannot add partitions to topic ${topic}: it has ${partitions}, and users keep their place only when KAFKA_PARTITIONS is a multiple of that, such as ${partitions * 2}; current value is ${config.KAFKA_PARTITIONS}`,
    );
  }
  if (addedPartitions > 0) await kafka.topics.addPartitions(topic, config.KAFKA_PARTITIONS);
  const actual = await kafka.topics.settings(topic);
  const endedCompaction = compacts(actual);
  if (endedCompaction) {
    if (!(mayEndCompaction || isOursButCompacted(config, actual))) refuseCompacted(config);
    await kafka.topics.change(topic, { [CLEANUP_POLICY]: "delete" });
    actual.set(CLEANUP_POLICY, "delete");
  }
  const stale = isKafkaHere(config) ? staleRetention(config, actual) : {};
  if (Object.keys(stale).length > 0) await kafka.topics.change(topic, stale);
  return {
    created,
    addedPartitions,
    changes: Object.entries(stale).map(
      ([name, value]) => `${name} is ${value} now, and was ${actual.get(name)}`,
    ),
    differences: differences(config, partitions, new Map([...actual, ...Object.entries(stale)])),
    endedCompaction,
  };
}

/** The settings of retention that the topic should have, and has not. */
export function staleRetention(
  config: Config,
  actual: ReadonlyMap<string, string>,
): Record<string, string> {
  const wanted = Object.entries(topicSettings(config));
  return Object.fromEntries(
    wanted.filter(([name, value]) => RETENTION.includes(name) && actual.get(name) !== value),
  );
}

/**
 * How the topic differs from the settings, one sentence each.
 * @throws TopicMissingError
 */
export async function topicDifferences(config: Config): Promise<string[]> {
  const kafka = openKafka(config, { clientId: "status" });
  const { size } = await kafka.logState(config.KAFKA_TOPIC);
  return differences(config, size, await kafka.topics.settings(config.KAFKA_TOPIC));
}

/** Whether a topic is in all other respects as `migrate` creates it, so that nobody else decides. */
export function isOursButCompacted(config: Config, actual: ReadonlyMap<string, string>): boolean {
  const { [CLEANUP_POLICY]: _policy, ...others } = topicSettings(config);
  return Object.entries(others).every(([name, wanted]) => actual.get(name) === wanted);
}

function refuseCompacted({ KAFKA_TOPIC: topic }: Config): never {
  throw new NeedsPersonError(
    `Cannot use the topic ${topic}: it is compacted, so its log forgets events; if it is yours alone, \`bun run migrate --only topic --end-compaction\` sets ${CLEANUP_POLICY}=delete, else name another KAFKA_TOPIC`,
  );
}

/** How a topic with these partitions and settings differs from the wanted one. */
export function differences(
  config: Config,
  partitions: number,
  actual: ReadonlyMap<string, string>,
): string[] {
  const found: string[] = [];
  if (partitions > config.KAFKA_PARTITIONS) {
    found.push(
      `it has ${partitions} partitions and KAFKA_PARTITIONS is ${config.KAFKA_PARTITIONS}; partitions are never taken away`,
    );
  }
  for (const [name, wanted] of Object.entries(topicSettings(config))) {
    const value = actual.get(name);
    if (value !== wanted) found.push(`${name} is ${value} and should be ${wanted}`);
  }
  return found;
}

const between = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));
