import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../../kafka/encode-records.ts";
import { KafkaError, OutageError, reasonOf, TopicMissingError } from "../../kafka/failure.ts";
import { partitionOf } from "../../kafka/partition.ts";
import { Dependency, type ServiceEvents } from "../../lib/dependency.ts";
import { DeliveryError } from "./delivery-error.ts";
import { Sender, type Transport } from "./sender.ts";

const kafka = (events: ServiceEvents = { onAway() {}, onBack() {} }) =>
  new Dependency({
    name: "Kafka",
    isOutage: (error) => error instanceof OutageError,
    explain: reasonOf,
    ...events,
  });
const unreachable = () => new OutageError("Cannot reach Kafka: refused", "refused");

const message = (userId: number, sequence: number): Message => ({
  key: String(userId),
  value: String(sequence),
});

/** Stores what it is given, unless `fails` says that this request is to fail first. */
function memoryTransport(partitionCount: number, fails: () => boolean = () => false) {
  const stored: Message[][] = Array.from({ length: partitionCount }, () => []);
  const busy = new Set<number>();
  const transport: Transport = {
    partitionCount,
    async send(partition, messages) {
      if (busy.has(partition)) throw new Error("two requests for one partition at a time");
      busy.add(partition);
      await Promise.resolve();
      busy.delete(partition);
      if (fails()) throw unreachable();
      stored[partition]!.push(...messages);
    },
  };
  return { transport, stored };
}

test("Sender stores everything once, in order per key, in the partition of its key", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 300 }),
      fc.integer({ min: 1, max: 7 }),
      async (userIds, partitionCount) => {
        const { transport, stored } = memoryTransport(partitionCount);
        const sender = new Sender(transport, kafka());
        userIds.forEach((userId, sequence) => {
          sender.add(message(userId, sequence));
        });
        await sender.flush();
        expect(sender).toMatchObject({ sent: userIds.length, pending: 0 });
        const all = userIds.map((userId, sequence) => message(userId, sequence));
        stored.forEach((found, partition) => {
          expect(found).toEqual(
            all.filter(({ key }) => partitionOf(key, partitionCount) === partition),
          );
        });
      },
    ),
  );
});

test("Sender waits out an outage, tells of it once, and loses nothing", async () => {
  let failures = 2;
  const { transport, stored } = memoryTransport(1, () => failures-- > 0);
  const told: string[] = [];
  const events = { onAway: (reason: string) => told.push(reason), onBack: () => told.push("back") };
  const sender = new Sender(transport, kafka(events));
  for (let sequence = 0; sequence < 5; sequence++) sender.add(message(1, sequence));
  await sender.flush();
  expect(stored[0]!.map(({ value }) => value)).toEqual(["0", "1", "2", "3", "4"]);
  expect(told).toEqual(["refused", "back"]);
});

test("Sender is full when nothing moves, and holds no more than its bound", async () => {
  const { transport } = memoryTransport(2, () => true);
  const sender = new Sender(transport, kafka());
  let added = 0;
  while (!sender.full) sender.add(message(added++, 0));
  expect(added).toBe(16_384);
  sender.abandon("gave up waiting");
  await expect(sender.flush()).rejects.toThrow("gave up waiting");
  expect(sender).toMatchObject({ sent: 0, pending: added });
});

test("Sender fails loudly, and counts what is not stored, when no retry can help", async () => {
  const transport: Transport = {
    partitionCount: 1,
    send: () =>
      Promise.reject(new KafkaError("Cannot go on with Kafka: out of order", "out of order")),
  };
  const sender = new Sender(transport, kafka());
  sender.add(message(1, 1));
  await expect(sender.flush()).rejects.toThrow(DeliveryError);
  expect(sender).toMatchObject({ sent: 0, pending: 1, full: true });
  await expect(sender.room()).rejects.toThrow("Cannot send to Kafka: out of order");
});

test("Sender waits for a topic that a broker does not know yet", async () => {
  let failures = 1;
  const stored: Message[] = [];
  const transport: Transport = {
    partitionCount: 1,
    async send(_partition, messages) {
      if (failures-- > 0) throw new TopicMissingError("Cannot find the topic", "unknown topic");
      stored.push(...messages);
    },
  };
  const sender = new Sender(transport, kafka());
  sender.add(message(1, 1));
  await sender.flush();
  expect(stored).toEqual([message(1, 1)]);
});
