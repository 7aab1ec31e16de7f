/**
 * Cold and warm rounds of a whole streaming job, from events in a topic to counts in PostgreSQL.
 * Every count is compared after each cold round and after the last warm one. Ours and each peer's
 * run here, so all are measured in the same way.
 */
import type { Bench } from "./bench.ts";
import { measureCpu, peakMemoryBytes } from "./cpu.ts";
import type { Dataset } from "./dataset.ts";
import type { Drain } from "./drain.ts";
import { type Rate, type Round, summarize } from "./rounds.ts";
import { type Spread, spread } from "./spread.ts";
import { makeTopic, type Topic } from "./topic.ts";
import { warmRounds } from "./warm.ts";

export interface Contender {
  name: string;
  /** Starts its processes. */
  start(topic: string): Promise<Drain>;
  /** Resolves when no process is about to take partitions from another one. */
  settled(topic: Topic, drain: Drain): Promise<void>;
  emptyTables(): Promise<void>;
  /** Throws when a count differs from that of the dataset appended `times` times. */
  assertExact(dataset: Dataset, times: number): Promise<void>;
}

export interface Contest {
  name: string;
  users: number;
  processes: number;
  events: number;
  warm: Rate;
  /** From the start of the processes, on a full topic and empty tables. */
  cold: Rate;
  firstRowSeconds: Spread;
  peakMemoryBytes: number;
}

export async function contest(
  bench: Bench,
  dataset: Dataset,
  contender: Contender,
): Promise<Contest> {
  const topic = await makeTopic(bench.stack, `${contender.name}-${dataset.users}`);
  await topic.append(dataset);
  const colds: ColdRound[] = [];
  let drain: Drain | undefined;
  try {
    while (colds.length < bench.effort.rounds) {
      await drain?.end();
      await contender.emptyTables();
      const cold = await coldRound(bench, topic, dataset, contender);
      drain = cold.drain;
      await contender.assertExact(dataset, 1);
      colds.push(cold);
    }
    await contender.settled(topic, drain!);
    const { rate, appended } = await warmRounds(bench, topic, dataset, drain!, dataset.events);
    await contender.assertExact(dataset, 1 + appended);
    return {
      name: contender.name,
      users: dataset.users,
      processes: drain!.clients.length,
      events: dataset.events,
      warm: rate,
      cold: summarize(colds.map(({ round }) => round)),
      firstRowSeconds: spread(colds.map(({ firstRowSeconds }) => firstRowSeconds)),
      peakMemoryBytes: peakMemoryBytes(drain!.clients.map(({ processId }) => processId)),
    };
  } finally {
    await drain?.end();
    await contender.emptyTables();
    await topic.delete();
  }
}

interface ColdRound {
  drain: Drain;
  round: Round;
  firstRowSeconds: number;
}

/** The whole CPU time of the processes, their start included. */
async function coldRound(
  bench: Bench,
  topic: Topic,
  dataset: Dataset,
  contender: Contender,
): Promise<ColdRound> {
  const clients: number[] = [];
  const used = measureCpu(bench.stack, clients);
  const startMs = Date.now();
  const drain = await contender.start(topic.name);
  clients.push(...drain.clients.map(({ processId }) => processId));
  const firstMs = await drain.reached(1);
  const endMs = await drain.reached(dataset.events);
  return {
    drain,
    round: { events: dataset.events, seconds: (endMs - startMs) / 1_000, cpu: used() },
    firstRowSeconds: (firstMs - startMs) / 1_000,
  };
}
