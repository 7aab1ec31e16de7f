/**
 * Asks Kafka for the id of a topic: the one thing by which a topic that was deleted and created
 * again differs from the one it replaces. kafkajs 2.2.4 speaks Metadata up to version 6, which has
 * no ids; this sends version 12 (KIP-516) over kafkajs' own authenticated connection. It may go
 * when the client gives topic ids itself.
 */
import type { Kafka } from "./kafkajs.ts";

const METADATA = 3;
const METADATA_VERSION = 12;
/** From Kafka's list of error codes: these mean that there is no such topic. */
const UNKNOWN_TOPIC = 3;

/** The part of kafkajs' cluster that is used here; it is not in its public types. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findControllerBroker(): Promise<{
    connectionPool: {
      send(call: {
        request: object;
        response: { decode(raw: Buffer): Promise<Buffer>; parse(data: Buffer): Promise<Buffer> };
      }): Promise<Buffer>;
    };
  }>;
}

/** Returns the topic's id as a UUID, or undefined when there is no such topic. */
export async function fetchTopicId(kafka: Kafka, topic: string): Promise<string | undefined> {
  const cluster = openCluster(kafka);
  await cluster.connect();
  try {
    await cluster.refreshMetadata();
    const controller = await cluster.findControllerBroker();
    const response = await controller.connectionPool.send({
      request: {
        apiKey: METADATA,
        apiVersion: METADATA_VERSION,
        apiName: "Metadata",
        encode: async () => encoded(metadataRequest(topic)),
      },
      response: { decode: async (raw) => raw, parse: async (data) => data },
    });
    return readTopicId(response);
  } finally {
    await cluster.disconnect();
  }
}

function openCluster(kafka: Kafka): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  if (!symbol) throw new Error("Cannot ask for a topic's id: kafkajs is not version 2.2.4");
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol];
  return (create as (options: object) => Cluster)({ allowAutoTopicCreation: false });
}

/** What kafkajs' encoder asks of a part of a request. */
const encoded = (buffer: Buffer) => ({ buf: buffer, buffer });

/** The request's body, after the empty list of tagged fields that ends a flexible header. */
function metadataRequest(topic: string): Buffer {
  const name = Buffer.from(topic);
  return Buffer.concat([
    Buffer.from([0, 2]), // No tags; one topic (compact arrays count from one).
    Buffer.alloc(16), // No id: ask by name.
    varint(name.length + 1),
    name,
    Buffer.from([0, 0, 0, 0]), // No tags; do not create; no authorized operations; no tags.
  ]);
}

/** Reads Metadata's answer up to the first topic's id, and no further. */
export function readTopicId(response: Buffer): string | undefined {
  let at = 0;
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = response.readUInt8(at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = () => {
    const bytes = unsigned() - 1; // Before the sum: reading the length moves on, too.
    at += Math.max(0, bytes);
  };
  const tags = () => {
    for (let count = unsigned(); count > 0; count--) {
      unsigned();
      const bytes = unsigned();
      at += bytes;
    }
  };
  tags();
  at += 4; // How long the request was throttled.
  for (let brokers = unsigned() - 1; brokers > 0; brokers--) {
    at += 4;
    text();
    at += 4;
    text();
    tags();
  }
  text();
  at += 4;
  if (unsigned() - 1 < 1) return undefined;
  const errorCode = response.readInt16BE(at);
  at += 2;
  text();
  if (errorCode === UNKNOWN_TOPIC) return undefined;
  const id = response.subarray(at, at + 16).toString("hex");
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return Buffer.from(bytes);
}
