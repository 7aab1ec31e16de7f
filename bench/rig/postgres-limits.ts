/** The two operations that PostgreSQL performs as fast as it can, in tables of their own. */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { EventFields } from "../../schema/layout.ts";
import { decodeEvent } from "../../scripts/consume/decode-event.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";
import type { Dataset } from "./dataset.ts";
import { eachRecord, recordBatchesOf } from "./in-memory.ts";

const COPY_ROWS_MAX = 1_000_000;
const COPY_PIECE_BYTES = 1_048_576;
const KEYS = 200_000;
/** Distinct keys of one transaction: those of a consumer after a few fetches, with 10,000 users. */
const KEYS_PER_TRANSACTION = 20_000;

/** The rows become text beforehand, so that only PostgreSQL is measured. */
export async function copyRows(owner: Sql, dataset: Dataset): Promise<() => Promise<number>> {
  await owner.unsafe(`
    create schema bench
    create table raw_events (user_id bigint, event_type text, created_at timestamptz)`);
  const { pieces, rows } = copyText(dataset);
  return async () => {
    await owner`truncate bench.raw_events`;
    const stream = await owner`copy bench.raw_events from stdin`.writable();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    stream.once("finish", resolve).once("error", reject);
    for (const piece of pieces) {
      if (!stream.write(piece)) await new Promise((drained) => stream.once("drain", drained));
    }
    stream.end();
    await promise;
    return rows;
  };
}

function copyText(dataset: Dataset): { pieces: Buffer[]; rows: number } {
  const fields = new EventFields();
  const pieces: Buffer[] = [];
  let lines: string[] = [];
  let bytes = 0;
  let rows = 0;
  eachRecord(recordBatchesOf(dataset), (record, start, length) => {
    if (rows >= COPY_ROWS_MAX) return;
    rows += 1;
    decodeEvent(record, start, length, fields);
    const createdAt = new Date(fields.createdAtMs).toISOString();
    const line = `${fields.userId}\t${EVENT_TYPES[fields.typeIndex]}\t${createdAt}\n`;
    lines.push(line);
    bytes += line.length;
    if (bytes < COPY_PIECE_BYTES) return;
    pieces.push(Buffer.from(lines.join("")));
    lines = [];
    bytes = 0;
  });
  pieces.push(Buffer.from(lines.join("")));
  return { pieces, rows };
}

/**
 * Upserts sorted keys in a table like `user_events`: `fresh` empties it first, `update` finds all
 * keys there.
 */
export async function upsertKeys(owner: Sql) {
  await owner.unsafe(`
    create table bench.user_events (like streaming.user_events including all)
    with (fillfactor = 70)`);
  const parameters: string[][] = [];
  for (let from = 0; from < KEYS; from += KEYS_PER_TRANSACTION) {
    const keys = Array.from({ length: KEYS_PER_TRANSACTION }, (_, index) => from + index);
    const columns = [
      keys.map((key) => Math.floor(key / EVENT_TYPES.length) + 1),
      keys.map((key) => EVENT_TYPES.toSorted()[key % EVENT_TYPES.length]),
      keys.map(() => 1),
    ];
    parameters.push(columns.map((values) => `{${values.join(",")}}`));
  }
  const update = async () => {
    for (const columns of parameters) {
      await owner.unsafe(UPSERT, columns, { prepare: true });
    }
    return KEYS;
  };
  const fresh = async () => {
    await owner`truncate bench.user_events`;
    return update();
  };
  return { fresh, update };
}

const UPSERT = `
insert into bench.user_events as kept
  (user_id, event_type, event_count, created_at, updated_at, updated_xid)
select user_id, event_type, event_count, now(), now(),
  (select pg_current_xact_id()::text::bigint)
from unnest($1::text::bigint[], $2::text::text[], $3::text::bigint[])
  as k (user_id, event_type, event_count)
on conflict (user_id, event_type) do update set
  event_count = kept.event_count + excluded.event_count,
  updated_at = excluded.updated_at, updated_xid = excluded.updated_xid`;
