/**
 * Peers that do the same job on the same topic in the same run. Apache Flink SQL, with two workers
 * and 1 GB of heap, runs beside our own consumer with one and with two processes.
 */
import type { Bench } from "../rig/bench.ts";
import { type Contender, type Contest, contest } from "../rig/contest.ts";
import { drain } from "../rig/drain.ts";
import { type Flink, installFlink } from "../rig/flink.ts";
import { product } from "../rig/product.ts";
import { assertExact } from "../rig/tables.ts";
import { watchCounts, watchOffsets } from "../rig/watch.ts";
import { type LatencyResult, latencyOf } from "./latency.ts";

/** The sum over all rows costs time, so it is asked for less often than our four offsets. */
const POLL_MS = 100;

export interface Peers {
  throughput: Contest[];
  latency: LatencyResult[];
}

export async function peers(bench: Bench): Promise<Peers> {
  bench.say("peers: installing Apache Flink");
  const flink = await installFlink(bench.stack.config);
  await bench.owner.unsafe(`
    create schema peers
    create table counts (
      user_id bigint, event_type varchar(50), event_count bigint not null,
      primary key (user_id, event_type)
    ) with (fillfactor = 70)`);
  const rows: Contest[] = [];
  for (const users of bench.effort.quick ? [1_000] : [1_000, 10_000]) {
    const contenders = [product(bench, 1), product(bench, 2), flinkContender(bench, flink)];
    for (const contender of contenders) {
      bench.say(`peers: ${contender.name}, ${users} users`);
      rows.push(await contest(bench, bench.dataset(users), contender));
    }
  }
  const latency = [
    await latencyOf(bench, product(bench, 1), watchOffsets),
    await latencyOf(bench, flinkContender(bench, flink), (sql) => watchCounts(sql, "peers.counts")),
  ];
  await bench.owner`drop schema peers cascade`;
  return { throughput: rows, latency };
}

function flinkContender({ stack, owner }: Bench, flink: Flink): Contender {
  return {
    name: `flink-${flink.version}`,
    async start(topic) {
      const counted = async () => {
        const [row] = await owner`
          select coalesce(sum(event_count), 0)::bigint as events from peers.counts`;
        return { events: row?.events as number, atMs: Date.now() };
      };
      return drain([flink.start(stack, topic)], `${topic}-flink`, counted, POLL_MS);
    },
    // One process, which has all partitions from the beginning.
    settled: async () => {},
    async emptyTables() {
      await owner`truncate peers.counts`;
    },
    assertExact: (dataset, times) => assertExact(owner, dataset, times, "peers.counts"),
  };
}
