/**
 * The only file that imports kafkajs. Every option that decides a delivery guarantee is spelled out
 * here or at the one place that calls it.
 */
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import type { Config } from "./config.ts";
import { getLogger } from "./log.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: (buffer: Buffer) => decompress(buffer),
});

const log = getLogger(["kafka"]);

/** Conditions that kafkajs logs as errors although it then retries them by itself. */
const ROUTINE =
  /rebalanc|coordinator|not leader|Connection (error|timeout)|disconnect|There is no leader|Response /i;

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
      ssl: config.KAFKA_TLS_CA ? { ca: [readFileSync(config.KAFKA_TLS_CA, "utf8")] } : true,
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
      ({ level, log: { message, logger: _logger, timestamp: _timestamp, stack: _stack, ...fields } }) => {
        if (level === logLevel.ERROR && !ROUTINE.test(message)) log.warning(message, fields);
        else log.debug(message, fields);
      },
  });
}

export type { Admin, Consumer, EachBatchPayload, Kafka, Producer } from "kafkajs";
export { CompressionTypes } ;
