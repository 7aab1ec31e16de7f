/**
 * From the moment an event happens, which is the `created_at` that our producer gives it, to the
 * moment at which another connection sees it counted in PostgreSQL; for every event at 1,000/s. Both
 * are read from the clock of this one machine, the first in whole milliseconds, rounded down.
 */
import { setTimeout as delay } from "node:timers/promises";
import { decodeEvent, EventFields } from "../../scripts/consume/decode-event.ts";
import { fetchLogState } from "../../scripts/lib/log-state.ts";
import { connect } from "../../scripts/lib/postgres.ts";
import { readLog } from "../../scripts/lib/read-log.ts";
import { RecordCursor } from "../../scripts/lib/record-cursor.ts";
import type { Bench } from "../rig/bench.ts";
import { startClient } from "../rig/clients.ts";
import { type CpuUse, disturbance, measureCpu } from "../rig/cpu.ts";
import { drainWithConsumer } from "../rig/drain.ts";
import { groupIsStable } from "../rig/group.ts";
import { quantile } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { makeTopic, type Topic } from "../rig/topic.ts";
import { type Sighting, watchOffsets } from "../rig/watch-offsets.ts";

const RATE = 1_000;
const USERS = 1_000;
/** Not measured: the programs start, connect and compile. */
const WARMING_SECONDS = 5;

export interface LatencyResult {
  eventsPerSecond: number;
  events: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Producer, Kafka, consumer and PostgreSQL, and who watched, while it lasted. */
  cpu: CpuUse;
  othersShare: number;
}

export async function latency(bench: Bench): Promise<LatencyResult[]> {
  const seconds = bench.effort.quick ? 15 : 60;
  const results: LatencyResult[] = [];
  for (let run = 0; run < (bench.effort.quick ? 1 : 3); run++) {
    bench.say(`latency: ${RATE} events/s for ${seconds} s`);
    results.push(await latencyOnce(bench, `latency-${run}`, seconds));
  }
  return results.sort((a, b) => a.othersShare - b.othersShare);
}

async function latencyOnce(bench: Bench, name: string, seconds: number): Promise<LatencyResult> {
  const { stack, owner } = bench;
  const topic = await makeTopic(stack, name);
  await emptyTables(owner);
  const drain = await drainWithConsumer(bench, name, 1);
  const watcher = connect(stack.config, "read");
  try {
    await groupIsStable(topic.kafka, drain.groupId, 1);
    const watch = watchOffsets(watcher);
    const producer = startClient(stack, [
      ...["bun", "--no-env-file", "scripts/produce.ts", "--topic", name, "--users", String(USERS)],
      ...["--rate", String(RATE), "--duration", `${seconds + WARMING_SECONDS + 1}s`],
    ]);
    const consumers = drain.clients.map(({ processId }) => processId);
    await drain.reached(1);
    await delay(WARMING_SECONDS * 1_000);
    const used = measureCpu(stack, [producer.processId, ...consumers]);
    const fromMs = Date.now();
    await delay(seconds * 1_000);
    const cpu = used();
    await producer.end();
    await delay(1_000);
    await watch.stop();
    const spans = await visibleAfterMs(topic, watch.sightings, fromMs, fromMs + seconds * 1_000);
    return summarize(spans, seconds, cpu);
  } finally {
    await watcher.end({ timeout: 2 });
    await drain.end();
    await emptyTables(owner);
    await topic.delete();
  }
}

/** How long each event of that time took, read back from the topic; sorted. */
async function visibleAfterMs(
  topic: Topic,
  sightings: Map<number, Sighting[]>,
  fromMs: number,
  toMs: number,
): Promise<Float64Array> {
  const state = await fetchLogState(topic.kafka, topic.name);
  const ranges = [...state].map(
    ([partition, { logStart, logEnd }]) => [partition, { from: logStart, to: logEnd }] as const,
  );
  const spans: number[] = [];
  const cursor = new RecordCursor();
  const event = new EventFields();
  const next = new Map<number, number>();
  await readLog(topic.kafka, topic.name, new Map(ranges), (partition, batch) => {
    const seen = sightings.get(partition) ?? [];
    let at = next.get(partition) ?? 0;
    cursor.open(batch);
    while (cursor.next()) {
      while (at < seen.length && seen[at]!.nextOffset <= cursor.offset) at += 1;
      decodeEvent(cursor.bytes, cursor.valueStart, cursor.valueLength, event);
      if (event.createdAtMs < fromMs || event.createdAtMs >= toMs) continue;
      const sighting = seen[at];
      if (!sighting) throw new Error(`Cannot trust this run: offset ${cursor.offset} never stored`);
      spans.push(sighting.atMs - event.createdAtMs);
    }
    next.set(partition, at);
  });
  return Float64Array.from(spans).sort();
}

function summarize(spans: Float64Array, seconds: number, cpu: CpuUse): LatencyResult {
  const sorted = [...spans];
  return {
    eventsPerSecond: spans.length / seconds,
    events: spans.length,
    p50Ms: quantile(sorted, 0.5),
    p90Ms: quantile(sorted, 0.9),
    p99Ms: quantile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
    cpu,
    othersShare: disturbance(cpu),
  };
}
