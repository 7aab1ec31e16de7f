/**
 * One rung of the ladder as a process of its own. It fetches a topic and does the rung's work with
 * each event, using the consumer's own parts. Prints `events time-ms` after every fetch. `naive` is
 * the consumer of most tutorials: one upsert for each message, awaited.
 */
import { EVENT_TYPES } from "../schema/event-types.ts";
import { EventFields } from "../schema/layout.ts";
import { decodeEvent } from "../scripts/consume/decode-event.ts";
import { PartitionReader } from "../scripts/consume/partition-reader.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { type RecordBatch, RecordCursor } from "../scripts/kafka/record-cursor.ts";
import { unpacked } from "../scripts/kafka/unpack.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { startLogging } from "../scripts/lib/log.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { temporaryIndex } from "./rig/temporary-index.ts";

type Work = (partition: number, batch: RecordBatch) => void | Promise<void>;

const config = readConfig();
startLogging(config);
const cursor = new RecordCursor();

function parse(): Work {
  const fields = new EventFields();
  return (_partition, batch) => {
    cursor.open(batch);
    while (cursor.next()) {
      const fault = decodeEvent(cursor.bytes, cursor.valueStart, cursor.valueLength, fields);
      if (fault) throw new Error(`Cannot decode an event: ${fault}`);
    }
  };
}

/** Up to the columns of a transaction, built as often as the consumer does with a backlog. */
function aggregate(): Work {
  const readers = new Map<number, { reader: PartitionReader; takenMs: number }>();
  const indexes: ReturnType<typeof temporaryIndex>[] = [];
  process.once("exit", () => {
    for (const { remove } of indexes) remove();
  });
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  return async (partition, batch) => {
    let state = readers.get(partition);
    if (!state) {
      const temporary = temporaryIndex(batch.baseOffset);
      indexes.push(temporary);
      const reader = new PartitionReader({
        readFrom: batch.baseOffset,
        countFrom: batch.baseOffset,
        duplicates: temporary.index,
        seed,
      });
      state = { reader, takenMs: performance.now() };
      readers.set(partition, state);
    }
    state.reader.read(batch);
    await state.reader.caughtUp();
    if (performance.now() - state.takenMs < config.CONSUMER_TRANSACTION_DELAY_MS_MAX) return;
    const tally = state.reader.take();
    tally.users.columns();
    tally.users.days();
    tally.minutes();
    state.takenMs = performance.now();
  };
}

function naive(sql: Sql): Work {
  const text = new TextDecoder();
  return async (_partition, batch) => {
    cursor.open(batch);
    while (cursor.next()) {
      const { valueStart, valueLength } = cursor;
      const value = cursor.bytes.subarray(valueStart, valueStart + valueLength);
      const event = JSON.parse(text.decode(value));
      if (!EVENT_TYPES.includes(event.event_type)) continue;
      await sql`
        insert into streaming.user_events as kept
          (user_id, event_type, event_count, created_at, updated_at)
        values (${event.user_id}, ${event.event_type}, 1, ${event.created_at}, now())
        on conflict (user_id, event_type) do update set
          event_count = kept.event_count + 1, updated_at = now()`;
    }
  };
}

const works: Record<string, () => Work> = {
  fetch: () => () => {},
  parse,
  aggregate,
  naive: () => naive(connect(config, "ingest")),
};

const [rung = ""] = process.argv.slice(2);
const work = works[rung]?.();
if (!work) throw new Error(`Cannot run ${rung}: the rungs are ${Object.keys(works).join(", ")}`);
let events = 0;
const member = openKafka(config, { clientId: rung }).member(
  {
    groupId: config.KAFKA_GROUP_ID,
    topic: config.KAFKA_TOPIC,
    sessionTimeoutMs: config.CONSUMER_SESSION_TIMEOUT_MS,
    // The naive consumer awaits each message before it takes the next, as in the tutorials.
    partitionsAtOnce: rung === "naive" ? 1 : 64,
  },
  {
    assigned: () => {},
    fetched: async ({ partition, batches, heartbeat }) => {
      for (const batch of batches) {
        await unpacked(batch, [], (whole) => work(partition, whole));
        events += batch.recordCount;
      }
      process.stdout.write(`${events} ${Date.now()}\n`);
      await heartbeat();
    },
    away: console.error,
    ended: fail,
  },
);
await member.join();

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
