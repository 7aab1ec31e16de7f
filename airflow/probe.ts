/**
 * Asks Airflow's API, as its pages do, whether its programs work (`answersAirflow`), and whether
 * its DAGs succeed (`airflowFault`).
 */
import { basename } from "node:path";
import { z } from "zod";
import type { ProcessInfo } from "../scripts/host/service.ts";
import type { Config } from "../scripts/lib/config.ts";
import { localAddress } from "../scripts/lib/web-address.ts";

const ANSWER_MS_MAX = 10_000;

const part = z.object({ status: z.string().nullable() });
const healthSchema = z.object({
  metadatabase: part,
  scheduler: part.extend({ latest_scheduler_heartbeat: z.string().nullable() }),
  dag_processor: part.extend({ latest_dag_processor_heartbeat: z.string().nullable() }),
});
const errorsSchema = z.object({
  import_errors: z.array(z.object({ filename: z.string(), stack_trace: z.string() })),
});
const dagsSchema = z.object({ dags: z.array(z.object({ dag_id: z.string() })) });
const runsSchema = z.object({
  dag_runs: z.array(
    z.object({
      dag_id: z.string(),
      dag_run_id: z.string(),
      state: z.string(),
      end_date: z.string().nullable(),
    }),
  ),
});

/**
 * The API answers, reaches the records, and has heard of the scheduler and the DAG processor since
 * they started. Airflow counts those of an earlier start as healthy for another half a minute.
 */
export async function answersAirflow(config: Config, processes: ProcessInfo[]): Promise<void> {
  const health = await ask(config, "/api/v2/monitor/health", healthSchema);
  if (health.metadatabase.status !== "healthy") throw new Error("it does not reach its database");
  const heard = {
    "airflow-scheduler": health.scheduler.latest_scheduler_heartbeat,
    "airflow-dag-processor": health.dag_processor.latest_dag_processor_heartbeat,
  };
  for (const { name, startedAtSeconds } of processes) {
    const heartbeat = heard[name as keyof typeof heard];
    if (heartbeat === undefined) continue;
    if (heartbeat === null || Date.parse(heartbeat) / 1_000 < startedAtSeconds) {
      throw new Error(`${name} has not reported yet`);
    }
  }
  if (health.scheduler.status !== "healthy") throw new Error("airflow-scheduler has gone silent");
  if (health.dag_processor.status !== "healthy") {
    throw new Error("airflow-dag-processor has gone silent");
  }
}

/** Unreadable DAG files, and DAGs whose last finished run failed, in one line. */
export async function airflowFault(config: Config): Promise<string | undefined> {
  const headers = { authorization: `Bearer ${await logIn(config)}` };
  const get = <T>(path: string, schema: z.ZodType<T>) =>
    ask(config, `/api/v2/${path}`, schema, { headers });
  const [{ import_errors: errors }, { dags }] = await Promise.all([
    get("importErrors?limit=100", errorsSchema),
    get("dags?limit=100", dagsSchema),
  ]);
  const finished = "state=success&state=failed&order_by=-run_after&limit=1";
  const lastRuns = await Promise.all(
    dags.map(({ dag_id }) => get(`dags/${dag_id}/dagRuns?${finished}`, runsSchema)),
  );
  const faults = [
    ...errors.map(({ filename, stack_trace }) => {
      const lastLine = stack_trace.trimEnd().split("\n").at(-1)?.trim();
      return `${basename(filename)} cannot be imported: ${lastLine}`;
    }),
    ...lastRuns
      .flatMap(({ dag_runs }) => dag_runs)
      .filter(({ state }) => state === "failed")
      .map(({ dag_id, end_date }) => `${dag_id} failed at ${end_date?.slice(0, 19)}Z`),
  ];
  return faults.length > 0 ? faults.join("; ") : undefined;
}

async function logIn(config: Config): Promise<string> {
  const login = { username: "admin", password: config.AIRFLOW_ADMIN_PASSWORD };
  const schema = z.object({ access_token: z.string() });
  const { access_token } = await ask(config, "/auth/token", schema, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(login),
  });
  return access_token;
}

async function ask<T>(
  config: Config,
  path: string,
  schema: z.ZodType<T>,
  request: RequestInit = {},
): Promise<T> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(`${localAddress(config.AIRFLOW_PORT)}${path}`, {
    ...request,
    signal,
  });
  if (!response.ok) {
    throw new Error(`${path.split("?")[0]} answers ${response.status}`);
  }
  return schema.parse(await response.json());
}
