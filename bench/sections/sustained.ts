/**
 * The highest rate that lasts while the producer runs on the same machine. The rate rises until the
 * consumer falls behind, or the producer cannot make more.
 */
import { setTimeout as delay } from "node:timers/promises";
import { sum } from "../../scripts/lib/sum.ts";
import type { Bench } from "../rig/bench.ts";
import { startClient } from "../rig/clients.ts";
import { disturbance, measureCpu, usedSeconds } from "../rig/cpu.ts";
import { drainWithConsumer } from "../rig/drain.ts";
import { groupIsStable } from "../rig/group.ts";
import { emptyTables, storedEvents } from "../rig/tables.ts";
import { makeTopic, type Topic } from "../rig/topic.ts";

const USERS = 1_000;
const FIRST_RATE = 20_000;
const GROWTH = 1.5;
const STEPS_MAX = 10;
const SAMPLE_MS = 500;
/** A larger lag in the second half of a step grows, or soon will. */
const BEHIND_SECONDS_MAX = 1;
const DELIVERED_SHARE_MIN = 0.97;

export interface SustainedStep {
  /** The requested rate of the producer, and its actual one. */
  rate: number;
  delivered: number;
  /** Most events that were in the log and not yet stored, in the second half of the step. */
  lagMax: number;
  /**
   * Which program gave way, if any: the consumer fell behind, or the producer could not make more.
   */
  gaveWay: "consumer" | "producer" | undefined;
  /** Producer, Kafka, consumer and PostgreSQL together. */
  eventsPerCpuSecond: number;
  othersShare: number;
}

export async function sustained(bench: Bench): Promise<SustainedStep[]> {
  const { stack, owner, effort } = bench;
  const topic = await makeTopic(stack, "sustained");
  await emptyTables(owner);
  const drain = await drainWithConsumer(bench, topic.name, 1);
  const consumers = drain.clients.map(({ processId }) => processId);
  const steps: SustainedStep[] = [];
  try {
    await groupIsStable(topic.kafka, drain.groupId, 1);
    let rate = effort.quick ? FIRST_RATE * GROWTH ** 3 : FIRST_RATE;
    let [held, failed] = [0, Number.POSITIVE_INFINITY];
    while (steps.length < (effort.quick ? 2 : STEPS_MAX) && failed > held * 1.1) {
      bench.say(`sustained: ${Math.round(rate)} events/s`);
      const result = await step(bench, topic, consumers, Math.round(rate));
      steps.push(result);
      if (result.gaveWay === undefined) held = rate;
      else failed = rate;
      rate = Number.isFinite(failed) ? (held + failed) / 2 : rate * GROWTH;
      await drain.reached(await logEnd(topic));
    }
    return steps;
  } finally {
    await drain.end();
    await emptyTables(owner);
    await topic.delete();
  }
}

async function step(
  { stack, owner, effort }: Bench,
  topic: Topic,
  consumers: number[],
  rate: number,
): Promise<SustainedStep> {
  const seconds = effort.quick ? 8 : 25;
  const before = await logEnd(topic);
  const producer = startClient(stack, [
    ...["bun", "--no-env-file", "scripts/produce.ts", "--topic", topic.name],
    ...["--users", String(USERS), "--rate", String(rate)],
  ]);
  try {
    while ((await logEnd(topic)) === before) await delay(20);
    const startMs = performance.now();
    const used = measureCpu(stack, [producer.processId, ...consumers]);
    const first = await logEnd(topic);
    let lagMax = 0;
    for (;;) {
      await delay(SAMPLE_MS);
      producer.assertAlive();
      // In this order: the other one would count events as lag that are stored meanwhile.
      const end = await logEnd(topic);
      const lag = end - (await storedEvents(owner));
      const passedSeconds = (performance.now() - startMs) / 1_000;
      if (passedSeconds > seconds / 2) lagMax = Math.max(lagMax, lag);
      if (passedSeconds < seconds) continue;
      const cpu = used();
      const delivered = (end - first) / passedSeconds;
      return {
        rate,
        delivered,
        lagMax,
        gaveWay: gaveWay(rate, delivered, lagMax),
        eventsPerCpuSecond: (end - first) / usedSeconds(cpu),
        othersShare: disturbance(cpu),
      };
    }
  } finally {
    await producer.end();
  }
}

function gaveWay(rate: number, delivered: number, lagMax: number): SustainedStep["gaveWay"] {
  if (lagMax > rate * BEHIND_SECONDS_MAX) return "consumer";
  return delivered < rate * DELIVERED_SHARE_MIN ? "producer" : undefined;
}

async function logEnd(topic: Topic): Promise<number> {
  const state = await topic.kafka.logState(topic.name);
  return sum(state.values().map(({ logEnd }) => logEnd));
}
