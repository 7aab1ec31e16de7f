/** Record batches as any client may write them, and the one request that puts them into the log. */
import { once } from "node:events";
import { connect } from "node:net";
import { crc32c } from "@platformatic/wasm-utils";
import type { EncodedRecords } from "../../scripts/kafka/encode-records.ts";
import type { Config } from "../../scripts/lib/config.ts";
import { deadline } from "../../scripts/lib/wait.ts";

export interface RawBatch extends EncodedRecords {
  /** Kafka's number for the compression, which `records` have already. @default {0} */
  codec?: number;
  /** Further bits of the batch's attributes. @default {0} */
  attributes?: number;
  baseOffset?: number;
  timestampMs?: number;
  producerId?: bigint;
}

/** The bytes of a batch with its header and checksum (KIP-98). */
export function rawBatch({
  recordCount,
  records,
  codec = 0,
  attributes = 0,
  baseOffset = 0,
  timestampMs = 1_700_000_000_000,
  producerId = -1n,
}: RawBatch): Buffer {
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(baseOffset), 0);
  header.writeInt32BE(49 + records.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(codec | attributes, 21);
  header.writeInt32BE(recordCount - 1, 23);
  header.writeBigInt64BE(BigInt(timestampMs), 27);
  header.writeBigInt64BE(BigInt(timestampMs), 35);
  header.writeBigInt64BE(producerId, 43);
  header.writeInt16BE(-1, 51);
  header.writeInt32BE(-1, 53);
  header.writeInt32BE(recordCount, 57);
  const batch = Buffer.concat([header, records]);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

const ANSWER_MS_MAX = 60_000;

/**
 * Sends the batch as it is, and returns the offset that its first record got.
 * @throws Error with Kafka's number when the broker refuses it
 */
export async function sendRawBatch(
  config: Config,
  partition: number,
  batch: Buffer,
): Promise<number> {
  const body = Buffer.concat([
    int16(0), // the request Produce
    int16(7), // its version, the first one for Zstandard
    int32(1),
    text("test"),
    int16(-1), // no transaction
    int16(-1), // all replicas
    int32(ANSWER_MS_MAX),
    int32(1),
    text(config.KAFKA_TOPIC),
    int32(1),
    int32(partition),
    int32(batch.length),
    batch,
  ]);
  const address = new URL(`tcp://${config.KAFKA_BROKERS[0]}`);
  const socket = connect(Number(address.port), address.hostname);
  try {
    await once(socket, "connect");
    socket.write(Buffer.concat([int32(body.length), body]));
    const answer = await deadline(readAnswer(socket), ANSWER_MS_MAX);
    // Behind the number of the request: one topic with its name, one partition with its number.
    const at = 4 + 4 + 2 + config.KAFKA_TOPIC.length + 4 + 4;
    const errorCode = answer.readInt16BE(at);
    if (errorCode !== 0) throw new Error(`Cannot send a batch: Kafka answers ${errorCode}`);
    return Number(answer.readBigInt64BE(at + 2));
  } finally {
    socket.destroy();
  }
}

async function readAnswer(socket: AsyncIterable<Buffer>): Promise<Buffer> {
  let answer = Buffer.alloc(0);
  for await (const piece of socket) {
    answer = Buffer.concat([answer, piece]);
    if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) break;
  }
  return answer.subarray(4);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)]);
