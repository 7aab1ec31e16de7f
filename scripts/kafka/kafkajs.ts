/**
 * The only file that imports kafkajs. Every option that decides a delivery guarantee is spelled out
 * here or at the one place that calls it.
 */
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { trustedCertificates } from "../lib/tls.ts";
import type { RecordBatch } from "./record-cursor.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/**
 * Zstandard, which kafkajs lacks. Results are taken in one piece where they can be: by default they
 * come in pieces of 16 KiB, whose concatenation took a sixth of the consumer's time.
 */
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) =>
    compress(buffer, {
      chunkSize: pieceBytes(buffer.length),
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
    }),
  decompress: (buffer: Buffer) => decompress(buffer, { chunkSize: pieceBytes(buffer.length * 8) }),
});
const pieceBytes = (bytes: number) => Math.min(4_194_304, Math.max(16_384, bytes));

const log = getLogger(["kafka"]);

/** Conditions that kafkajs logs as errors although it then retries or throws them. */
const ROUTINE =
  /rebalanc|coordinator|not leader|Connection (error|timeout)|Closed connection|disconnect|There is no leader|SASL .* authentication failed|Response /i;

/**
 * A client of the configured cluster.
 * `patience` bounds the retries of one request: `short` fails in seconds, for commands with a person
 * in front of them; `long` goes on for about a minute per request, for services.
 */
export function createKafka(
  config: Config,
  { clientId, patience = "short" }: { clientId: string; patience?: "short" | "long" },
): kafkajs.Kafka {
  const mechanism = config.KAFKA_SASL_MECHANISM;
  return new Kafka({
    clientId,
    brokers: config.KAFKA_BROKERS,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry:
      patience === "short"
        ? { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 }
        : { initialRetryTime: 100, maxRetryTime: 5_000, retries: 20 },
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
    logCreator:
      () =>
      ({
        level,
        log: { message, logger: _logger, timestamp: _timestamp, stack: _stack, ...fields },
      }) => {
        if (level === logLevel.ERROR && !ROUTINE.test(message)) log.warning(message, fields);
        else log.debug(message, fields);
      },
  });
}

/**
 * A member of the consumer group that never commits offsets by itself: where counting stands is
 * kept in PostgreSQL. A fetch that has anything at all returns at once; its size bounds the memory,
 * since compressed records are several times as large when they are read.
 */
export function createConsumer(
  kafka: kafkajs.Kafka,
  options: { groupId: string; sessionTimeoutMs: number },
): kafkajs.Consumer {
  return kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: Math.max(60_000, options.sessionTimeoutMs),
    heartbeatInterval: Math.min(1_000, options.sessionTimeoutMs / 3),
    minBytes: 1,
    maxBytesPerPartition: 1_048_576,
    maxBytes: 4_194_304,
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    metadataMaxAge: 60_000, // Partitions that are added are noticed within a minute.
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 20 },
  });
}

/** What kafkajs hands over for a record batch, with the patch that comes with this project. */
interface EncodedMessage {
  offset: string;
  recordCount: number;
  encodedRecords: Uint8Array;
  batchContext: {
    firstOffset: string;
    firstTimestamp: string;
    maxTimestamp: string;
    timestampType: number;
  };
}

const LOG_APPEND_TIME = 1;

/**
 * The record batches of a fetch, undecoded.
 * @throws Error when kafkajs is not the patched one, since then records would be read as none
 */
export function recordBatches(messages: readonly unknown[]): RecordBatch[] {
  return (messages as EncodedMessage[]).map((message) => {
    if (!message.encodedRecords) {
      throw new Error(
        "Cannot read records: kafkajs lacks the project's patch; run `bun install` in the checkout",
      );
    }
    const { firstOffset, firstTimestamp, maxTimestamp, timestampType } = message.batchContext;
    return {
      baseOffset: Number(firstOffset),
      lastOffset: Number(message.offset),
      baseTimestampMs: Number(firstTimestamp),
      appendTimestampMs: timestampType === LOG_APPEND_TIME ? Number(maxTimestamp) : undefined,
      recordCount: message.recordCount,
      records: message.encodedRecords,
    };
  });
}

/**
 * A producer that stores each record once, however often a request is repeated while it lives. The
 * caller keeps to one request per partition at a time: kafkajs' sequence numbers are safe only then
 * (see scripts/produce/delivery/sender.ts).
 */
export function createProducer(kafka: kafkajs.Kafka): kafkajs.Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    // The caller repeats what fails, for as long as it likes: here only hiccups are bridged.
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 500 },
  });
}

/** A few records gain nothing, and the hop to the compressing thread costs more than sending them. */
const COMPRESSED_BYTES_MIN = 1_024;

/** Records of one partition, in the format of a record batch's body. */
export interface EncodedRecords {
  topic: string;
  partition: number;
  recordCount: number;
  records: Buffer;
}

/** Resolves when all replicas in sync have the records. Needs the project's patch of kafkajs. */
export async function sendRecords(
  producer: kafkajs.Producer,
  { topic, partition, recordCount, records }: EncodedRecords,
): Promise<void> {
  // Stands for the array of messages, with the three members that the patched kafkajs looks at.
  const messages = {
    length: recordCount,
    partition,
    encodedRecords: records,
    find: () => undefined,
  };
  await producer.send({
    topic,
    acks: -1,
    compression:
      records.length < COMPRESSED_BYTES_MIN ? CompressionTypes.None : CompressionTypes.ZSTD,
    messages: messages as unknown as kafkajs.Message[],
  });
}

export type { Consumer, EachBatchPayload, Kafka, Producer } from "kafkajs";
export { Partitioners };
