/**
 * The speed of each part alone: PostgreSQL takes rows by COPY and distinct keys by upsert, and the
 * consumer's steps run over events in memory.
 */

import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { EventFields } from "../../schema/layout.ts";
import { decodeEvent } from "../../scripts/consume/decode-event.ts";
import { PartitionReader } from "../../scripts/consume/partition-reader.ts";
import type { Bench } from "../rig/bench.ts";
import { type CpuUse, measureCpu } from "../rig/cpu.ts";
import { eachRecord, recordBatchesOf } from "../rig/in-memory.ts";
import { copyRows, upsertKeys } from "../rig/postgres-limits.ts";
import { quietRounds, type Rate } from "../rig/rounds.ts";
import { temporaryIndex } from "../rig/temporary-index.ts";

const USERS = 10_000;

export interface Ceiling {
  name: string;
  /** The unit of the count. */
  unit: "events" | "rows" | "keys";
  rate: Rate;
}

export async function ceilings(bench: Bench): Promise<Ceiling[]> {
  const dataset = bench.dataset(USERS);
  const batches = recordBatchesOf(dataset);
  const results: Ceiling[] = [];
  const add = async (name: string, unit: Ceiling["unit"], attempt: Attempt) => {
    bench.say(`ceilings: ${name}`);
    await attempt();
    results.push({ name, unit, rate: await measure(bench, attempt) });
  };
  const alone = (work: () => void) => async () => {
    work();
    return dataset.events;
  };

  const compressed = batches.map(({ records }) => zstdCompressSync(records));
  await add(
    "zstd decompression",
    "events",
    alone(() => {
      for (const bytes of compressed) zstdDecompressSync(bytes);
    }),
  );
  const text = new TextDecoder();
  await add(
    "text and JSON.parse",
    "events",
    alone(() => {
      eachRecord(batches, (bytes, start, length) => {
        JSON.parse(text.decode(bytes.subarray(start, start + length)));
      });
    }),
  );
  const fields = new EventFields();
  await add(
    "our decoder",
    "events",
    alone(() => {
      eachRecord(batches, (bytes, start, length) => {
        decodeEvent(bytes, start, length, fields);
      });
    }),
  );
  await add(
    "our decoder, duplicates and counts",
    "events",
    alone(() => {
      const indexes = dataset.batches.map(() => temporaryIndex());
      const readers = indexes.map(
        ({ index }) => new PartitionReader({ readFrom: 0, countFrom: 0, duplicates: index }),
      );
      for (const batch of batches) readers[batch.partition]?.read(batch);
      for (const reader of readers) {
        const { users } = reader.take();
        users.columns();
        users.days();
      }
      for (const { remove } of indexes) remove();
    }),
  );

  const copy = await copyRows(bench.owner, dataset);
  await add("PostgreSQL: COPY of raw events, no index", "rows", copy);
  const { fresh, update } = await upsertKeys(bench.owner);
  await add("PostgreSQL: upsert of new keys", "keys", fresh);
  await add("PostgreSQL: upsert of existing keys", "keys", update);
  await bench.owner`drop schema bench cascade`;
  return results;
}

/** Does the work once, and resolves with its amount. */
type Attempt = () => Promise<number>;

const measure = (bench: Bench, attempt: Attempt): Promise<Rate> =>
  quietRounds(bench.effort.rounds, async () => {
    const used = measureCpu(bench.stack, "own");
    const events = await attempt();
    const cpu: CpuUse = used();
    return { events, seconds: cpu.wallSeconds, cpu };
  });
