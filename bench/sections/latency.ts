/**
 * From the moment an event happens, its `created_at`, to the moment at which another connection
 * sees it counted in PostgreSQL, for every event at 1,000/s. This machine's one clock gives both
 * moments, the first in whole milliseconds, rounded down.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connect, type Role, type Sql } from "../../scripts/lib/postgres.ts";
import type { Bench } from "../rig/bench.ts";
import { startClient } from "../rig/clients.ts";
import type { Contender } from "../rig/contest.ts";
import { type CpuUse, disturbance, measureCpu } from "../rig/cpu.ts";
import { readEventTimes } from "../rig/event-times.ts";
import { product } from "../rig/product.ts";
import { quantile } from "../rig/spread.ts";
import { makeTopic } from "../rig/topic.ts";
import { type Watch, watchOffsets } from "../rig/watch.ts";

const RATE = 1_000;
const USERS = 1_000;
const WARMING_SECONDS = 5;

export interface LatencyResult {
  name: string;
  eventsPerSecond: number;
  events: number;
  p50Ms: number;
  p90Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
  /** The client is the contender and the producer. */
  cpu: CpuUse;
  othersShare: number;
}

/**
 * Our own consumer, three times unless it must be quick; the least disturbed run comes first. Then the
 * same with events that come one by one, soon after a backlog.
 */
export async function latency(bench: Bench): Promise<LatencyResult[]> {
  const least = async (variation?: Variation) => {
    const results: LatencyResult[] = [];
    for (let run = 0; run < (bench.effort.quick ? 1 : 3); run++) {
      results.push(await latencyOf(bench, product(bench, 1), watchOffsets, variation));
    }
    return results.sort((a, b) => a.othersShare - b.othersShare);
  };
  return [
    ...(await least()),
    ...(await least({
      name: "one by one, after a backlog",
      sender: "bench/one-by-one.ts",
      seconds: 25,
      warmingSeconds: 0,
      backlog: bench.effort.quick ? 1 : 8,
    })),
  ];
}

/** From the end of a backlog to the first event. */
const REST_MS = 3_000;

interface Variation {
  name?: string;
  seconds?: number;
  /** Excluded: the programs start, connect and compile. */
  warmingSeconds?: number;
  /** A program that sends events. */
  sender?: string;
  /** How many times a dataset is drained before. */
  backlog?: number;
  /** The role of the watcher. */
  role?: Role;
  /** Called when the measured time begins; the function that it returns is called at its end. */
  onMeasure?(watch: Watch, sql: Sql): Promise<() => Promise<void>>;
}

export async function latencyOf(
  bench: Bench,
  contender: Contender,
  watchWith: (sql: Sql) => Watch,
  {
    name = contender.name,
    seconds = bench.effort.quick ? 15 : 60,
    warmingSeconds = WARMING_SECONDS,
    sender = "scripts/produce.ts",
    backlog = 0,
    role = "owner",
    onMeasure,
  }: Variation = {},
): Promise<LatencyResult> {
  const { stack } = bench;
  bench.say(`latency: ${name}, ${RATE} events/s for ${seconds} s`);
  const topic = await makeTopic(stack, `latency-${contender.name}`);
  await contender.emptyTables();
  const drain = await contender.start(topic.name);
  const sql = connect(stack.config, role);
  try {
    await contender.settled(topic, drain);
    const dataset = bench.dataset(USERS);
    for (let round = 0; round < backlog; round++) await topic.append(dataset);
    const before = backlog * dataset.events;
    await drain.reached(before);
    if (backlog > 0) await delay(REST_MS);
    const from = await topic.kafka.logState(topic.name);
    const watch = watchWith(sql);
    const producer = startClient(stack, [
      ...["bun", "--no-env-file", sender, "--topic", topic.name],
      ...["--users", String(USERS), "--rate", String(RATE)],
    ]);
    await drain.reached(before + 1);
    await delay(warmingSeconds * 1_000);
    const clients = [producer, ...drain.clients].map(({ processId }) => processId);
    const used = measureCpu(stack, clients);
    const onEnd = await onMeasure?.(watch, sql);
    const fromMs = Date.now();
    await delay(seconds * 1_000);
    const cpu = used();
    await onEnd?.();
    await producer.end();
    const events = await readEventTimes(topic, from);
    await drain.reached(before + events.length);
    // The watcher needs time to see the last ones.
    await delay(100);
    await watch.stop();
    const measured = events.filter(
      ({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < fromMs + seconds * 1_000,
    );
    const spans = measured.map((event) => {
      const visibleAtMs = watch.visibleAtMs(event);
      if (visibleAtMs === undefined) throw new Error("Cannot trust this run: an event is missing");
      return visibleAtMs - event.createdAtMs;
    });
    return summarize(name, spans, seconds, cpu);
  } finally {
    await sql.end({ timeout: 2 });
    await drain.end();
    await contender.emptyTables();
    await topic.delete();
  }
}

function summarize(name: string, spans: number[], seconds: number, cpu: CpuUse): LatencyResult {
  spans.sort((a, b) => a - b);
  return {
    name,
    eventsPerSecond: spans.length / seconds,
    events: spans.length,
    p50Ms: quantile(spans, 0.5),
    p90Ms: quantile(spans, 0.9),
    p95Ms: quantile(spans, 0.95),
    p99Ms: quantile(spans, 0.99),
    maxMs: spans.at(-1) ?? 0,
    cpu,
    othersShare: disturbance(cpu),
  };
}
