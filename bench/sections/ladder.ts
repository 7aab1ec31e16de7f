/**
 * The throughput ladder: the same topic is fetched, then also parsed, then also aggregated, and at
 * last counted in PostgreSQL by the product itself, with every count compared.
 */
import type { Bench } from "../rig/bench.ts";
import { measureCpu, peakMemoryBytes } from "../rig/cpu.ts";
import type { Dataset } from "../rig/dataset.ts";
import { type Drain, drainWithConsumer, drainWithRung } from "../rig/drain.ts";
import { groupIsStable } from "../rig/group.ts";
import { type Rate, type Round, summarize } from "../rig/rounds.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { assertExact, emptyTables } from "../rig/tables.ts";
import { makeTopic, type Topic } from "../rig/topic.ts";
import { warmRounds } from "../rig/warm.ts";

export interface LadderRow {
  rung: string;
  users: number;
  processes: number;
  events: number;
  warm: Rate;
  /** The product only: processes started on a full topic and empty tables. */
  cold?: Rate;
  firstRowSeconds?: Spread;
  peakMemoryBytes: number;
}

export async function ladder(bench: Bench): Promise<LadderRow[]> {
  const { quick } = bench.effort;
  const rows: LadderRow[] = [];
  for (const users of quick ? [1_000] : [1_000, 10_000]) {
    const dataset = bench.dataset(users);
    for (const processes of quick ? [1, 2] : [1, 2, 4]) {
      for (const rung of quick && processes > 1 ? [] : ["fetch", "parse", "aggregate"]) {
        bench.say(`ladder: ${rung}, ${users} users, ${processes} processes`);
        rows.push(await climb(bench, rung, dataset, processes));
      }
      bench.say(`ladder: postgres, ${users} users, ${processes} processes`);
      rows.push(await count(bench, dataset, processes));
    }
  }
  return rows;
}

async function climb(
  bench: Bench,
  rung: string,
  dataset: Dataset,
  processes: number,
): Promise<LadderRow> {
  const topic = await makeTopic(bench.stack, `ladder-${rung}-${dataset.users}-${processes}`);
  const drain = drainWithRung(bench, rung, topic.name, processes);
  try {
    await groupIsStable(topic.kafka, drain.groupId, processes);
    const { rate } = await warmRounds(bench, topic, dataset, drain);
    return row(rung, dataset, drain, rate);
  } finally {
    await drain.end();
    await topic.delete();
  }
}

async function count(bench: Bench, dataset: Dataset, processes: number): Promise<LadderRow> {
  const topic = await makeTopic(bench.stack, `ladder-postgres-${dataset.users}-${processes}`);
  await topic.append(dataset);
  const colds: ColdRound[] = [];
  let cold: ColdRound | undefined;
  try {
    while (colds.length < bench.effort.rounds) {
      await cold?.drain.end();
      await emptyTables(bench.owner);
      cold = await coldRound(bench, topic, dataset, processes);
      await assertExact(bench.owner, dataset, 1);
      colds.push(cold);
    }
    const drain = cold!.drain;
    await groupIsStable(topic.kafka, drain.groupId, processes);
    const { rate, appended } = await warmRounds(bench, topic, dataset, drain, dataset.events);
    await assertExact(bench.owner, dataset, 1 + appended);
    return {
      ...row("postgres", dataset, drain, rate),
      cold: summarize(colds.map(({ round }) => round)),
      firstRowSeconds: spread(colds.map(({ firstRowSeconds }) => firstRowSeconds)),
    };
  } finally {
    await cold?.drain.end();
    await emptyTables(bench.owner);
    await topic.delete();
  }
}

interface ColdRound {
  drain: Drain;
  round: Round;
  firstRowSeconds: number;
}

/** From the start of the processes, whose whole CPU time counts. */
async function coldRound(
  bench: Bench,
  topic: Topic,
  dataset: Dataset,
  processes: number,
): Promise<ColdRound> {
  const clients: number[] = [];
  const used = measureCpu(bench.stack, clients);
  const startMs = Date.now();
  const drain = await drainWithConsumer(bench, topic.name, processes);
  clients.push(...drain.clients.map(({ processId }) => processId));
  const firstMs = await drain.reached(1);
  const endMs = await drain.reached(dataset.events);
  return {
    drain,
    round: { events: dataset.events, seconds: (endMs - startMs) / 1_000, cpu: used() },
    firstRowSeconds: (firstMs - startMs) / 1_000,
  };
}

const row = (rung: string, dataset: Dataset, drain: Drain, warm: Rate): LadderRow => ({
  rung,
  users: dataset.users,
  processes: drain.clients.length,
  events: dataset.events,
  warm,
  peakMemoryBytes: peakMemoryBytes(drain.clients.map(({ processId }) => processId)),
});
