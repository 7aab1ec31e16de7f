/**
 * The contract of `patches/kafkajs@….patch`. It fails when the patch is missing, when kafkajs
 * changes, or when another consumer than ours would get undecoded records.
 */
import { expect, test } from "bun:test";
import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import kafkajs from "kafkajs";
import { deadline } from "../lib/wait.ts";
import { encodeRecords } from "./encode-records.ts";
import { assertPatched } from "./kafkajs.ts";
import { RecordCursor } from "./record-cursor.ts";
import { admittedSockets } from "./sockets.ts";

const require = createRequire(import.meta.url);
const part = (path: string) => require(`kafkajs/src/${path}`);
const Decoder = part("protocol/decoder");
const Encoder = part("protocol/encoder");

const MESSAGES = [
  { key: "1", value: "first" },
  { key: "2", value: "second" },
];
const FIRST_OFFSET = 70;

/** A record batch as the log holds it, written from records that the caller has encoded. */
async function storedBatch(): Promise<Buffer> {
  const { buffer } = await part("protocol/recordBatch/v0").RecordBatch({
    compression: kafkajs.CompressionTypes.None,
    firstOffset: FIRST_OFFSET,
    firstTimestamp: 5,
    maxTimestamp: 5,
    lastOffsetDelta: MESSAGES.length - 1,
    records: encodeRecords(MESSAGES),
    recordCount: MESSAGES.length,
  });
  return buffer;
}

const decodeBatch = async (batch: Buffer) =>
  (await part("protocol/recordBatch/v0/decoder")(new Decoder(batch))).records;

test("the patch is for the version of kafkajs that is installed", () => {
  const { dependencies, patchedDependencies } = require("../../package.json");
  expect(require("kafkajs/package.json").version).toBe(dependencies.kafkajs);
  expect(Object.keys(patchedDependencies)).toContain(`kafkajs@${dependencies.kafkajs}`);
  assertPatched(kafkajs.patched);
});

test("assertPatched() names the command that mends it when the patch is missing", () => {
  expect(() => assertPatched(undefined)).toThrow("bun install --force");
  expect(() => assertPatched(["readRecordSet"])).toThrow(
    "(encodedRecords, failover, fetchRecordSet, topicIds)",
  );
});

/** The answer to a fetch of one partition, version 11. */
function fetched(recordSet: Buffer, errorCode = 0): Buffer {
  const encoder = new Encoder().writeInt32(0).writeInt16(0).writeInt32(0);
  encoder.writeInt32(1).writeString("topic").writeInt32(1);
  encoder.writeInt32(3).writeInt16(errorCode).writeInt64("72").writeInt64("72").writeInt64("0");
  return encoder.writeInt32(0).writeInt32(-1).writeInt32(recordSet.length).writeBuffer(recordSet)
    .buffer;
}

async function recordSetOf(answer: Buffer): Promise<Buffer | null> {
  const { decode, parse } = part("protocol/requests/fetch/v11/undecodedResponse");
  const { responses } = await parse(await decode(answer));
  return responses[0].partitions[0].messages;
}

test("a consumer with the option gets the bytes of a record set, whatever they are", async () => {
  for (const recordSet of [await storedBatch(), Buffer.from("no record batch"), Buffer.alloc(0)]) {
    expect(await recordSetOf(fetched(recordSet))).toEqual(recordSet);
  }
});

test("a consumer with the option gets null when the broker cannot read its log", async () => {
  expect(await recordSetOf(fetched(Buffer.alloc(0), 2))).toBeNull();
  await expect(recordSetOf(fetched(Buffer.alloc(0), 6))).rejects.toMatchObject({
    type: "NOT_LEADER_FOR_PARTITION",
  });
});

test("a consumer without the option gets records as kafkajs decodes them", async () => {
  const records = await decodeBatch(await storedBatch());
  expect(
    records.map(({ offset, key, value }: { offset: string; key: Buffer; value: Buffer }) => ({
      offset,
      key: key.toString(),
      value: value.toString(),
    })),
  ).toEqual([
    { offset: "70", key: "1", value: "first" },
    { offset: "71", key: "2", value: "second" },
  ]);
});

test("a fetch asks for undecoded records only with the option", () => {
  const fetch = part("protocol/requests/fetch").protocol({ version: 11 });
  const request = { maxWaitTime: 1, minBytes: 1, maxBytes: 1, topics: [], rackId: "" };
  const plain = part("protocol/requests/fetch/v11/response");
  const undecoded = part("protocol/requests/fetch/v11/undecodedResponse");
  expect(fetch(request).response).toBe(plain);
  expect(fetch({ ...request, undecoded: true }).response).toBe(undecoded);
});

test("a producer sends encoded records as they are, to the partition that was named", async () => {
  const encodedRecords = encodeRecords(MESSAGES);
  const messages = { length: MESSAGES.length, partition: 3, encodedRecords };
  const grouped = part("producer/groupMessagesPerPartition")({
    topic: "topic",
    partitionMetadata: [{}],
    messages,
    partitioner: () => expect.unreachable(),
  });
  expect(grouped).toEqual({ 3: messages });
  const request = part("protocol/requests/produce/v3/request")({
    acks: -1,
    timeout: 1,
    producerId: "4",
    producerEpoch: 0,
    compression: kafkajs.CompressionTypes.None,
    topicData: [{ topic: "topic", partitions: [{ partition: 3, firstSequence: 9, messages }] }],
  });
  const { buffer } = await request.encode();
  expect(buffer.includes(encodedRecords)).toBe(true);
  const cursor = new RecordCursor();
  cursor.open({
    baseOffset: 0,
    lastOffset: 1,
    baseTimestampMs: 0,
    appendTimestampMs: undefined,
    recordCount: 2,
    records: buffer.subarray(-encodedRecords.length),
  });
  expect([cursor.next(), cursor.next(), cursor.offset]).toEqual([true, true, 1]);
});

/** Runs the work as often as a retrier with short pauses. */
const retrier = part("retry")({ initialRetryTime: 1, maxRetryTime: 1, retries: 5 });
const logger = { debug() {}, error() {}, info() {}, warn() {}, namespace: () => logger };

interface Produced {
  nodeId: number;
  partitions: number[];
}

/**
 * A cluster whose broker 1 leads partition 0, and broker 2 partition 1 until it is lost. Then broker 1
 * leads both.
 */
function clusterThatLosesBroker2(produced: Produced[]) {
  const leaders = [1, 2];
  const broker = (nodeId: number, produce: (partitions: number[]) => Promise<void>) => ({
    nodeId,
    async produce({ topicData }: { topicData: { partitions: { partition: number }[] }[] }) {
      const partitions = topicData[0]!.partitions.map(({ partition }) => partition);
      await produce(partitions);
      produced.push({ nodeId, partitions });
      const answers = partitions.map((partition) => ({ partition, errorCode: 0 }));
      return { topics: [{ topicName: "topic", partitions: answers }] };
    },
  });
  const brokers = [
    broker(1, () => Promise.resolve()),
    broker(2, () => {
      leaders[1] = 1;
      const { KafkaJSConnectionError } = part("errors");
      return Promise.reject(new KafkaJSConnectionError("Closed connection"));
    }),
  ];
  return {
    leaders,
    addMultipleTargetTopics: async () => {},
    refreshMetadataIfNecessary: async () => {},
    refreshMetadata: async () => {},
    isConnected: () => true,
    findTopicPartitionMetadata: () =>
      leaders.map((leader, partitionId) => ({ partitionId, leader })),
    findLeaderForPartitions: (_: string, partitions: string[]) =>
      Object.groupBy(partitions.map(Number), (partition) => leaders[partition] ?? 0),
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers[Number(nodeId) - 1],
  };
}

const eosManager = {
  acquireBrokerLock: async () => {},
  releaseBrokerLock() {},
  isTransactional: () => false,
  getSequence: () => 0,
  updateSequence() {},
  getProducerId: () => 1,
  getProducerEpoch: () => 0,
};

const sendToBoth = (cluster: object) =>
  part("producer/sendMessages")({
    logger,
    cluster,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    eosManager,
    retrier,
  })({
    acks: -1,
    topicMessages: [
      { topic: "topic", messages: [0, 1].map((partition) => ({ partition, value: "x" })) },
    ],
  });

test("a producer sends each partition once when one moves to a broker that has answered for others", async () => {
  const produced: Produced[] = [];
  const answers = await sendToBoth(clusterThatLosesBroker2(produced));
  expect(produced).toEqual([
    { nodeId: 1, partitions: [0] },
    { nodeId: 1, partitions: [1] },
  ]);
  expect(answers).toMatchObject([{ partition: 0 }, { partition: 1 }]);
});

test("a producer acknowledges nothing when the cluster does not name a partition", async () => {
  const cluster = clusterThatLosesBroker2([]);
  const sent = sendToBoth({
    ...cluster,
    findLeaderForPartitions: () => ({ 1: [0] }),
  });
  await expect(sent).rejects.toThrow("Producing to a partition without metadata");
});

test("a producer sends to the leader that the metadata names when the broker bears another's id", async () => {
  const produced: Produced[] = [];
  const cluster = clusterThatLosesBroker2(produced);
  const answers = await sendToBoth({
    ...cluster,
    findBroker: async () => ({ ...(await cluster.findBroker({ nodeId: "1" })), nodeId: 7 }),
  });
  expect(produced.flatMap(({ partitions }) => partitions)).toEqual([0, 1]);
  expect(answers).toMatchObject([{ partition: 0 }, { partition: 1 }]);
});

test("each broker keeps its id when one is given up while the metadata is asked for", async () => {
  const BrokerPool = part("cluster/brokerPool");
  const build = async ({ host = "one" } = {}) => ({ host, port: 9092, isConnected: () => true });
  const pool = new BrokerPool({ connectionPoolBuilder: { build }, logger });
  await pool.createSeedBroker();
  const described = ["one", "two"].map((host, index) => ({ nodeId: index, host, port: 9092 }));
  const answer = async () => ({ brokers: described, topicMetadata: [] });
  pool.findConnectedBroker = async () => ({ metadata: answer });
  await pool.refreshMetadata([]);
  pool.findConnectedBroker = async () => ({
    metadata: async () => {
      pool.removeBroker({ host: "one", port: 9092 });
      return answer();
    },
  });
  await pool.refreshMetadata([]);
  for (const { nodeId, host } of described) {
    const { nodeId: id, connectionPool } = pool.brokers[nodeId];
    expect([id, connectionPool.host]).toEqual([nodeId, host]);
  }
});

test("a connection fails when the broker closes it before it is in use", async () => {
  const Connection = part("network/connection");
  const broker = createServer((socket) => socket.end());
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  const connection = new Connection({
    host: "127.0.0.1",
    port: (broker.address() as AddressInfo).port,
    logger,
    connectionTimeout: 60_000,
    // It is never admitted.
    socketFactory: admittedSockets(() => new Promise(() => {})),
  });
  await expect(deadline(connection.connect(), 2_000)).rejects.toThrow("before it was in use");
  broker.close();
});

test("a request for metadata is repeated when every broker has failed to answer it", async () => {
  const { KafkaJSConnectionClosedError } = part("errors");
  const cluster = new (part("cluster"))({
    brokers: ["127.0.0.1:9092"],
    retry: { initialRetryTime: 1, retries: 1 },
    logger,
  });
  const answer = { brokers: [], topicMetadata: [] };
  let failures = 1;
  const ask = async () => {
    if (failures-- > 0) throw new KafkaJSConnectionClosedError("Closed connection");
    return answer;
  };
  cluster.brokerPool.refreshMetadataIfNecessary = async () => {};
  cluster.brokerPool.brokers = { 1: { isConnected: () => true, metadata: ask } };
  expect(await cluster.metadata()).toBe(answer);
  failures = 2;
  await expect(cluster.metadata()).rejects.toThrow("Closed connection");
});

test("a member stays in its group when the coordinator is lost, and finds the next one", async () => {
  const ConsumerGroup = part("consumer/consumerGroup");
  const { KafkaJSConnectionError } = part("errors");
  const found = Promise.withResolvers<object>();
  const beats: string[] = [];
  const group = new ConsumerGroup({
    logger,
    topics: ["topic"],
    cluster: { findGroupCoordinator: () => found.promise },
    instrumentationEmitter: { emit() {} },
  });
  group.memberId = "member";
  group.coordinator = {
    async heartbeat() {
      beats.push("lost");
      throw new KafkaJSConnectionError("Connection error: connect ECONNREFUSED");
    },
  };
  group.lastRequest = 0;
  await group.heartbeat({ interval: 1 });
  await group.heartbeat({ interval: 1 });
  found.resolve({ heartbeat: async () => beats.push("next") });
  await found.promise;
  await Promise.resolve();
  await group.heartbeat({ interval: 1 });
  expect(beats).toEqual(["lost", "next"]);
  group.coordinator.heartbeat = async () => {
    throw Object.assign(new Error("Rebalance"), { type: "REBALANCE_IN_PROGRESS" });
  };
  group.lastRequest = 0;
  await expect(group.heartbeat({ interval: 1 })).rejects.toThrow("Rebalance");
});

/** What a member does when a heartbeat has this answer, and the first join after it fails. */
async function stepsAfter(type: string): Promise<string[]> {
  const { KafkaJSConnectionClosedError } = part("errors");
  const steps: string[] = [];
  const count = (step: string) => steps.filter((other) => other === step).length;
  const end = Promise.withResolvers<void>();
  const consumerGroup = {
    getNodeIds: () => ["1"],
    async fetch() {
      steps.push("fetch");
      if (count("fetch") === 1) return [];
      end.resolve();
      return new Promise(() => {});
    },
    async heartbeat() {
      if (count("fetch") === 1) throw Object.assign(new Error(type), { type });
    },
    async joinAndSync() {
      steps.push("join");
      if (count("join") === 1) throw new KafkaJSConnectionClosedError("Closed connection");
    },
  };
  const runner = new (part("consumer/runner"))({
    logger,
    consumerGroup,
    instrumentationEmitter: {
      emit: (name: string) => name === "consumer.rebalancing" && steps.push("say so"),
    },
    concurrency: 1,
    retry: { initialRetryTime: 1, retries: 5 },
    onCrash: end.reject,
    autoCommit: false,
  });
  runner.running = true;
  runner.scheduleFetchManager();
  await end.promise;
  return steps;
}

test("a member that fails to join again fetches nothing before it has", async () => {
  const steps = ["fetch", "say so", "join", "join", "fetch"];
  expect(await stepsAfter("REBALANCE_IN_PROGRESS")).toEqual(steps);
  expect(await stepsAfter("UNKNOWN_MEMBER_ID")).toEqual(steps);
});

test("a broker counts as connected only when requests can be made", () => {
  const Broker = part("broker");
  const connectionPool = { isConnected: () => true, connectionTimeout: 1 };
  const broker = new Broker({ connectionPool, logger });
  expect(broker.isConnected()).toBe(false);
  expect(() => broker.lookupRequest()).toThrow(kafkajs.KafkaJSConnectionError);
});

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

/** Metadata's answer, version 12, as the protocol guide has it, up to the topic's id. */
function metadata({ hosts = ["127.0.0.1"], errorCode = 0, id = ID }): Buffer {
  const encoder = new Encoder()
    .writeUVarInt(0)
    .writeInt32(0)
    .writeUVarInt(hosts.length + 1);
  for (const host of hosts) {
    encoder.writeInt32(1).writeUVarIntString(host).writeInt32(9092);
    encoder.writeUVarIntString(null).writeUVarInt(0);
  }
  return encoder
    .writeUVarIntString(hosts.join())
    .writeInt32(1)
    .writeUVarInt(2)
    .writeInt16(errorCode)
    .writeUVarIntString("user_events")
    .writeBuffer(Buffer.from(id.replaceAll("-", ""), "hex"))
    .writeBuffer(Buffer.from([0, 1, 1])).buffer;
}

async function topicId(answer: Buffer): Promise<string | null> {
  const { response } = part("protocol/requests/metadata/topicId")({ topic: "user_events" });
  return response.parse(await response.decode(answer));
}

test("a topic's id is read when names have any length", async () => {
  for (const host of ["a", "broker-1.example.org", "x".repeat(120)]) {
    expect(await topicId(metadata({ hosts: [host, "other", host] }))).toBe(ID);
  }
});

test("a topic has no id when it is unknown, and hiding it is an error", async () => {
  expect(await topicId(metadata({ errorCode: 3 }))).toBeNull();
  const hidden = metadata({ errorCode: 29, id: ID.replaceAll(/[^-]/g, "0") });
  await expect(topicId(hidden)).rejects.toMatchObject({ type: "TOPIC_AUTHORIZATION_FAILED" });
});

const TRANSACTIONAL = { inTransaction: true, isControlBatch: false };
const data = (offset: number, producerId: string) => ({
  offset: String(offset),
  key: null,
  isControlRecord: false,
  batchContext: { ...TRANSACTIONAL, producerId, firstOffset: String(offset) },
});
const abortMarker = (offset: number, producerId: string) => ({
  ...data(offset, producerId),
  key: Buffer.from([0, 0, 0, 0]),
  isControlRecord: true,
});
/** Producer 1 began first and ends last, so the broker lists it last. */
const OVERLAPPING = [
  { producerId: "2", firstOffset: "1" },
  { producerId: "1", firstOffset: "0" },
];
const overlapping = [
  data(0, "1"),
  data(1, "2"),
  abortMarker(2, "2"),
  data(3, "1"),
  abortMarker(4, "1"),
  data(5, "1"),
];

test.each([0, 1, 3])(
  "aborted transactions that overlap stay hidden when a fetch begins at %i",
  (from) => {
    const Batch = part("consumer/batch");
    const batch = new Batch("topic", String(from), {
      partition: 0,
      highWatermark: "9",
      lastStableOffset: "7",
      abortedTransactions: OVERLAPPING,
      messages: overlapping.slice(from),
    });
    expect(batch.messages.map(({ offset }: { offset: string }) => offset)).toEqual(["5"]);
    expect(batch.messagesWithinOffset.length).toBe(overlapping.length - from);
    expect(batch.lastStableOffset).toBe("7");
  },
);

test.each([true, false])(
  "a fetch without anything for readers is handed over: %p",
  async (isOurs) => {
    const Batch = part("consumer/batch");
    const Runner = part("consumer/runner");
    const silent = { debug() {}, error() {}, namespace: () => silent };
    const handed: string[] = [];
    const runner = new Runner({
      logger: silent,
      consumerGroup: {
        readRecordSet: isOurs ? () => [] : undefined,
        resolveOffset() {},
        heartbeat: async () => {},
      },
      instrumentationEmitter: { emit() {} },
      eachBatch: async ({ batch }: { batch: { lastOffset(): string } }) => {
        handed.push(batch.lastOffset());
      },
      eachBatchAutoResolve: true,
      autoCommit: false,
      heartbeatInterval: 1_000,
      retry: {},
    });
    runner.running = true;
    await runner.handleBatch(
      new Batch("topic", "2", {
        partition: 0,
        highWatermark: "9",
        abortedTransactions: [],
        messages: [abortMarker(2, "2")],
      }),
    );
    expect(handed).toEqual(isOurs ? ["2"] : []);
  },
);
