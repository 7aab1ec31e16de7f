/**
 * The delay of events, while Airflow settles every minute, until a reader of the live view
 * `user_event_summary` sees them counted. It measures every event at 1,000/s, like `latency`, but
 * by counts: a view has no offsets.
 */
import { setTimeout as delay } from "node:timers/promises";
import { memoryBytes } from "../../scripts/host/process-tree.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { until } from "../../scripts/lib/wait.ts";
import { startAirflow } from "../rig/airflow.ts";
import type { Bench } from "../rig/bench.ts";
import { cores, measureCpu } from "../rig/cpu.ts";
import { dropModels } from "../rig/dbt.ts";
import { product } from "../rig/product.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { type Watch, watchCounts } from "../rig/watch.ts";
import { type LatencyResult, latencyOf } from "./latency.ts";

/** The pause between two queries; each answer takes a few ms more. */
const PAUSE_MS = 10;
const DEPLOYED_MS_MAX = 300_000;
const MEMORY_EVERY_MS = 2_000;

export interface FreshnessResult extends LatencyResult {
  /** The average time from one query of the watcher to the next. */
  lookMs: number;
  /** Runs of dbt that began meanwhile, by command. */
  runs: Record<string, number>;
  failedRuns: number;
  /** From dbt's records of its runs, without Airflow's own work before and after. */
  settleSeconds: Spread;
  /** Memory of Airflow with its tasks and dbt: median, least and most; shared pages count once. */
  airflowBytes: Spread;
  /** Shares of one core. */
  airflowCores: number;
  watcherCores: { client: number; postgres: number };
}

export async function freshness(bench: Bench): Promise<FreshnessResult> {
  const { stack, owner, effort } = bench;
  await emptyTables(owner);
  await dropModels(bench);
  bench.say("freshness: starting Airflow");
  const airflow = await startAirflow(stack);
  try {
    await untilDeployed(bench);
    let beside: Beside | undefined;
    const result = await latencyOf(
      bench,
      // This empties the tables, before Airflow starts and after it has ended.
      { ...product(bench, 1), emptyTables: async () => {} },
      (sql) => watchCounts(sql, "streaming.user_event_summary", "total_events", PAUSE_MS),
      {
        seconds: effort.quick ? 60 : 600,
        role: "read",
        onMeasure: async (watch, sql) => {
          const [row] = await sql`select pg_backend_pid() as id`;
          const end = measureBeside(bench, airflow.processIds, row?.id, watch);
          return async () => {
            beside = await end();
          };
        },
      },
    );
    const { airflowSeconds, ...rest } = beside!;
    const { cpu } = result;
    const others = Math.max(0, cpu.others - airflowSeconds);
    return { ...result, ...rest, othersShare: others / (cpu.wallSeconds * cores) };
  } finally {
    await airflow.stop();
    await emptyTables(owner);
    await dropModels(bench);
  }
}

/** Waits until the models exist and no run of dbt is active. */
async function untilDeployed({ owner }: Bench): Promise<void> {
  await until("dbt has deployed its models", DEPLOYED_MS_MAX, async () => {
    const runs = await owner`select command, status, error from transform.runs order by started_at`;
    const isDeployed = runs.some(
      // The nightly refresh of a new Airflow may come first; it deploys the models, too.
      ({ command, status }) => ["deploy", "refresh"].includes(command) && status === "passed",
    );
    const isBusy = runs.some(({ status }) => status === "running");
    if (!isDeployed || isBusy) throw new Error(JSON.stringify(runs));
  });
}

type Beside = Omit<FreshnessResult, keyof LatencyResult> & { airflowSeconds: number };

/** Measures the CPU time of Airflow, dbt and the watcher; the returned function stops. */
function measureBeside(
  { stack, owner }: Bench,
  airflowIds: number[],
  watcherId: number,
  watch: Watch,
): () => Promise<Beside> {
  const usedByAirflow = measureCpu(stack, airflowIds);
  const usedByWatcher = measureCpu(stack, [watcherId]);
  const usedByClient = measureCpu(stack, "own");
  const startedAt = new Date();
  const looksBefore = watch.looks();
  const memory: number[] = [];
  const stopped = new AbortController();
  const sampling = (async () => {
    while (!stopped.signal.aborted) {
      memory.push(sum(airflowIds.map(memoryBytes)));
      await delay(MEMORY_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
  })();
  return async () => {
    const [airflow, watcher, client] = [usedByAirflow(), usedByWatcher(), usedByClient()];
    const looks = watch.looks() - looksBefore;
    const endedAt = new Date();
    stopped.abort();
    await sampling;
    const runs = await owner`
      select command, status, extract(epoch from finished_at - started_at)::float as seconds
      from transform.runs where started_at >= ${startedAt} and started_at < ${endedAt}`;
    const ofCommand = Object.groupBy(runs, ({ command }) => command as string);
    const settles = runs.filter(
      ({ command, status }) => command === "settle" && status === "passed",
    );
    return {
      lookMs: (airflow.wallSeconds * 1_000) / looks,
      runs: Object.fromEntries(
        Object.entries(ofCommand).map(([command, list]) => [command, list?.length ?? 0]),
      ),
      failedRuns: runs.filter(({ status }) => status === "failed").length,
      settleSeconds: spread(settles.map(({ seconds }) => seconds)),
      airflowBytes: spread(memory),
      airflowSeconds: airflow.client,
      airflowCores: airflow.client / airflow.wallSeconds,
      watcherCores: {
        client: client.client / client.wallSeconds,
        postgres: watcher.client / watcher.wallSeconds,
      },
    };
  };
}
