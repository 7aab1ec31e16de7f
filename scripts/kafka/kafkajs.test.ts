/** Our own code for Kafka's formats against that of kafkajs, and what its failures mean. */
import { expect, test } from "bun:test";
import { createRequire } from "node:module";
import fc from "fast-check";
import kafkajs from "kafkajs";
import { readConfig } from "../lib/config.ts";
import { type AnyRecord, encodeAnyRecords } from "./encode-records.ts";
import { errorOf, OutageError, RefusedError, TopicMissingError } from "./failure.ts";
import { failureOf } from "./kafkajs.ts";
import { partitionOf } from "./partition.ts";

const encodeRecord = createRequire(import.meta.url)("kafkajs/src/protocol/recordBatch/record/v0");

const theirPartition = (key: string | Buffer, partitionCount: number) =>
  kafkajs.Partitioners.DefaultPartitioner()({
    topic: "topic",
    partitionMetadata: Array.from({ length: partitionCount }, (_, partitionId) => ({
      partitionId,
      leader: 0,
      isr: [0],
      partitionErrorCode: 0,
      replicas: [0],
    })),
    message: { key, value: "" },
  });

test("partitionOf() names the partition that the default partitioner names", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 200 }), (userId, partitionCount) => {
      const key = String(userId);
      expect(partitionOf(key, partitionCount)).toBe(theirPartition(key, partitionCount));
    }),
    { numRuns: 5_000 },
  );
});

test("partitionOf() agrees for keys of any bytes and every length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const key = Buffer.from(bytes);
      expect(partitionOf(key.toString("latin1"), 7)).toBe(theirPartition(key, 7));
    }),
    { numRuns: 2_000 },
  );
});

const record = fc.record({
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  key: fc.option(fc.string({ maxLength: 70 })),
  headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }),
  offsetDelta: fc.nat(2 ** 30),
  timestampDeltaMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
});

test("encodeAnyRecords() writes what the encoder of kafkajs writes", () => {
  const theirs = (records: AnyRecord[]) =>
    Buffer.concat(
      records.map(({ value, timestampDeltaMs, ...rest }) => {
        const bytes = value === null ? null : Buffer.from(value as Uint8Array);
        return encodeRecord({ ...rest, timestampDelta: timestampDeltaMs, value: bytes }).buffer;
      }),
    );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      expect(encodeAnyRecords(records).records).toEqual(theirs(records));
    }),
  );
});

/** As kafkajs throws them: an error with a cause is one that outlasted the retries. */
const {
  KafkaJSConnectionError,
  KafkaJSConnectionClosedError,
  KafkaJSError,
  KafkaJSLockTimeout,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
} = kafkajs as unknown as Record<string, new (...values: unknown[]) => Error>;

const exceeded = (cause: Error) =>
  new KafkaJSNumberOfRetriesExceeded!(cause, { retryCount: 5, retryTime: 1, cause });
const answered = (type: string, retriable: boolean) =>
  new KafkaJSProtocolError!(Object.assign(new Error(type), { type, code: 1, retriable }));
const unreachable = (code: string) =>
  new KafkaJSConnectionError!(`Connection error: ${code}`, { broker: "kafka-2:9092", code });

const config = readConfig({});
const translated = (error: unknown) => errorOf(config, failureOf(error), error);

test("failureOf() calls an outage what passes, however kafkajs has wrapped it", () => {
  const refused = unreachable("ECONNREFUSED");
  for (const error of [
    refused,
    exceeded(refused),
    new KafkaJSNonRetriableError!(exceeded(refused), { cause: exceeded(refused) }),
    new KafkaJSConnectionClosedError!("Closed connection", {}),
    new KafkaJSRequestTimeoutError!("Request timed out", {}),
    new KafkaJSLockTimeout!("Timeout while acquiring lock"),
    new KafkaJSError!("The producer is disconnected"),
    answered("NOT_LEADER_FOR_PARTITION", true),
  ]) {
    expect(translated(error)).toBeInstanceOf(OutageError);
  }
});

test("failureOf() calls a refusal what a setting must mend, and not an outage", () => {
  const refusals: [Error, string][] = [
    [new KafkaJSSASLAuthenticationError!("wrong password"), "check KAFKA_SASL_MECHANISM"],
    [unreachable("ERR_TLS_CERT_ALTNAME_INVALID"), "name it in KAFKA_BROKERS"],
    [exceeded(unreachable("SELF_SIGNED_CERT_IN_CHAIN")), "at kafka-2:9092: "],
    [unreachable("CERT_HAS_EXPIRED"), "set KAFKA_TLS_CA"],
    [answered("TOPIC_AUTHORIZATION_FAILED", false), "grant it to anonymous clients"],
    [answered("INCONSISTENT_GROUP_PROTOCOL", false), "streaming (KAFKA_GROUP_ID): another program"],
  ];
  for (const [error, words] of refusals) {
    expect(translated(error)).toBeInstanceOf(RefusedError);
    expect(translated(error).message).toContain(words);
  }
});

test("failureOf() calls neither what would repeat for ever", () => {
  for (const error of [
    answered("OUT_OF_ORDER_SEQUENCE_NUMBER", false),
    new TypeError("undefined is not a function"),
  ]) {
    const { name, message } = translated(error);
    expect(name).toBe("KafkaError");
    expect(message).toStartWith("Cannot go on with Kafka at 127.0.0.1:9092: ");
  }
  const unknown = exceeded(answered("UNKNOWN_TOPIC_OR_PARTITION", true));
  expect(translated(unknown)).toBeInstanceOf(TopicMissingError);
});

test("errorOf() names the setting or the command for an outage", () => {
  expect(translated(new KafkaJSConnectionClosedError!("Closed connection", {})).message).toContain(
    "check KAFKA_TLS",
  );
  expect(translated(unreachable("ECONNREFUSED")).message).toBe(
    "Cannot reach Kafka at 127.0.0.1:9092: ECONNREFUSED; start it with `bun run up kafka`, or set KAFKA_BROKERS",
  );
});
