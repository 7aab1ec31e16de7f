/**
 * A client that waits for nothing, as one with `linger.ms=0` does. An event goes out at once. What comes
 * while a request of its partition is under way goes out with the next one. It runs until it is ended.
 * Every 50th event is of a user that nobody has seen, so a row is inserted for it.
 */
import { parseArgs } from "node:util";
import { EVENT_TYPES } from "../schema/event-types.ts";
import { messageOf } from "../schema/layout.ts";
import { encodeRecords, type Message } from "../scripts/kafka/encode-records.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { partitionOf } from "../scripts/kafka/partition.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { EventIds } from "../scripts/produce/synthetic/event-id.ts";
import { RandomStream } from "../scripts/produce/synthetic/random.ts";

const NEW_USER_EVERY = 50;

const { values } = parseArgs({
  options: { topic: { type: "string" }, users: { type: "string" }, rate: { type: "string" } },
});
const [users, rate] = [Number(values.users), Number(values.rate)];
const appender = await openKafka(readConfig(), { clientId: "bench" }).openAppender(values.topic!);
const random = new RandomStream([process.pid, Date.now() & 0xffff, 1, 2]);
const ids = new EventIds(random);
const lanes = Array.from({ length: appender.partitionCount }, (_, partition) => {
  let waiting: Message[] = [];
  let sending: Promise<void> | undefined;
  const drain = async () => {
    while (waiting.length > 0) {
      const request = { recordCount: waiting.length, records: encodeRecords(waiting) };
      waiting = [];
      await appender.append(partition, request);
    }
    sending = undefined;
  };
  return {
    send(message: Message) {
      waiting.push(message);
      sending ??= drain();
    },
    done: () => sending,
  };
});

function send(index: number): void {
  const nowMs = Date.now();
  const isNew = index % NEW_USER_EVERY === 0;
  const message = messageOf({
    event_id: ids.next(nowMs),
    user_id: isNew ? nowMs * 1_000 + (index % 1_000) : 1 + random.below(users),
    event_type: EVENT_TYPES[index % EVENT_TYPES.length]!,
    created_at: new Date(nowMs).toISOString(),
  });
  lanes[partitionOf(message.key, lanes.length)]!.send(message);
}

const startMs = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const due = ((performance.now() - startMs) * rate) / 1_000;
  while (sent < due) send(sent++);
}, 1);
process.once("SIGTERM", async () => {
  clearInterval(timer);
  await Promise.all(lanes.map(({ done }) => done()));
  await appender.close();
});
