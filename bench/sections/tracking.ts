/**
 * The cost of knowing which users changed since a transaction, for each way: in each transaction
 * that counts, and in the query. It decides how `user_events` is indexed.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { connect } from "../../scripts/lib/postgres.ts";
import { RandomStream } from "../../scripts/produce/synthetic/random.ts";
import type { Bench } from "../rig/bench.ts";
import { disturbance, measureCpu } from "../rig/cpu.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { type Keys, keysOf, TrackedTable, type Way } from "../rig/tracked-table.ts";

const WAYS: Way[] = [
  { name: "nothing", hasXid: false },
  { name: "btree", hasXid: true, index: "(updated_xid)" },
  { name: "BRIN, 1 page", hasXid: true, index: brin(1) },
  { name: "BRIN, 4 pages", hasXid: true, index: brin(4) },
  { name: "table of changes", hasXid: false, hasChanges: true },
];

function brin(pages: number): string {
  return `using brin (updated_xid) with (pages_per_range = ${pages}, autosummarize = on)`;
}

/** Keys of a transaction: of a consumer that has caught up, and of one with a backlog. */
const SMALL = { keys: 1_000, transactions: 100 };
const LARGE = { keys: 50_000, transactions: 10 };
/** Keys before each round, so that the log already has the full pages since the checkpoint. */
const WARMING = { keys: 50_000, transactions: 4 };
const CHANGED_USERS = [1_000, 100_000];
const FINDS = 5;

export interface TrackingRow {
  name: string;
  users: number;
  /** CPU seconds of PostgreSQL for a million keys. */
  small: Spread;
  large: Spread;
  tidying: Spread;
  heapOnlyShare: number;
  addedBytes: number;
  /** Median by number of changed users, in ms; undefined where the way cannot find them. */
  findMs: { changed: number; ms: Spread | undefined }[];
  /** The largest of the rounds. */
  othersShare: number;
}

interface Measured {
  table: TrackedTable;
  small: number[];
  large: number[];
  tidying: number[];
  others: number[];
}

export async function tracking(bench: Bench): Promise<TrackingRow[]> {
  const { owner, effort } = bench;
  const users = effort.quick ? 100_000 : 1_000_000;
  const random = new RandomStream([users, 5, 6, 7]);
  const admin = connect(bench.stack.config, "admin", { applicationName: "bench" });
  await owner.unsafe(`
    create schema tracking;
    create table tracking.watermark (xid bigint not null);
    insert into tracking.watermark values (0)`);
  try {
    const all: Measured[] = [];
    for (const [number, way] of WAYS.entries()) {
      bench.say(`tracking: ${way.name}, ${users} users`);
      const table = new TrackedTable(owner, way, number);
      await table.create(users);
      all.push({ table, small: [], large: [], tidying: [], others: [] });
    }
    for (let round = 1; round <= effort.rounds; round++) {
      bench.say(`tracking: round ${round} of all ways`);
      for (const measured of all) {
        await admin`checkpoint`;
        await oneRound(bench, measured, users, random);
      }
    }
    const rows: TrackingRow[] = [];
    for (const measured of all) rows.push(await finish(bench, measured, users, random));
    return rows;
  } finally {
    await owner`drop schema tracking cascade`;
    await admin.end({ timeout: 1 });
  }
}

/** The ways take turns round by round, so that disturbances affect all of them alike. */
async function oneRound(bench: Bench, measured: Measured, users: number, random: RandomStream) {
  const { table, small, large, tidying, others } = measured;
  const transactions = (size: typeof SMALL) =>
    Array.from({ length: size.transactions }, () =>
      keysOf(distinct(size.keys, users * EVENT_TYPES.length, random)),
    );
  const perMillion = async (keys: number, work: () => Promise<void>) => {
    const used = measureCpu(bench.stack, "own");
    await work();
    const cpu = used();
    others.push(disturbance(cpu));
    return (cpu.postgres / keys) * 1e6;
  };
  const upsert = async (list: Keys[]) => {
    for (const keys of list) await table.upsert(keys);
  };
  const [few, many] = [transactions(SMALL), transactions(LARGE)];
  await upsert(transactions(WARMING));
  const smallKeys = SMALL.keys * SMALL.transactions;
  const largeKeys = LARGE.keys * LARGE.transactions;
  small.push(await perMillion(smallKeys, () => upsert(few)));
  large.push(await perMillion(largeKeys, () => upsert(many)));
  await moveWatermark(bench);
  tidying.push(await perMillion(smallKeys + largeKeys, () => table.tidy()));
}

async function finish(
  bench: Bench,
  { table, small, large, tidying, others }: Measured,
  users: number,
  random: RandomStream,
): Promise<TrackingRow> {
  const { all, heapOnly } = await table.updates();
  const findMs: TrackingRow["findMs"] = [];
  for (const changed of CHANGED_USERS) {
    bench.say(`tracking: ${table.way.name}, finding ${changed} users`);
    await moveWatermark(bench);
    const keys = distinct(changed, users, random).map((user) => user * EVENT_TYPES.length);
    for (let from = 0; from < keys.length; from += SMALL.keys) {
      await table.upsert(keysOf(keys.slice(from, from + SMALL.keys)));
    }
    findMs.push({ changed, ms: await timeFinding(table, changed) });
  }
  return {
    name: table.way.name,
    users,
    small: spread(small),
    large: spread(large),
    tidying: spread(tidying),
    heapOnlyShare: heapOnly / all,
    addedBytes: await table.addedBytes(),
    findMs,
    othersShare: Math.max(...others),
  };
}

/** @throws Error when the way finds another number of changed users */
async function timeFinding(table: TrackedTable, changed: number): Promise<Spread | undefined> {
  const times: number[] = [];
  for (let attempt = 0; attempt < FINDS; attempt++) {
    const startMs = performance.now();
    const found = await table.find();
    times.push(performance.now() - startMs);
    if (found === undefined) return undefined;
    if (found !== changed) {
      throw new Error(
        `Cannot trust this run: ${table.way.name} finds ${found} changed users of ${changed}`,
      );
    }
  }
  return spread(times);
}

/** Changes from here on count. */
async function moveWatermark({ owner }: Bench): Promise<void> {
  await owner`update tracking.watermark set xid = pg_current_xact_id()::text::bigint + 1`;
}

/** `count` different numbers below the limit, in order. */
function distinct(count: number, limit: number, random: RandomStream): number[] {
  const numbers = new Set<number>();
  while (numbers.size < Math.min(count, limit)) numbers.add(random.below(limit));
  return [...numbers].sort((a, b) => a - b);
}
