/**
 * Superset and Trino on the benchmark's stack, the queries of the dashboard, and simulated viewers.
 * Each viewer refreshes all charts every ten seconds, as the page does.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../scripts/lib/config.ts";
import { launchBrowser } from "../../tests/harness/browser.ts";
import { type Exchange, Viewer } from "../../tests/harness/dashboard.ts";
import { runOrThrow } from "../../tests/harness/script.ts";
import { quantile } from "./spread.ts";
import type { Stack } from "./stack.ts";

export const REFRESH_MS = 10_000;
/** A browser's limit of requests to one host at a time. */
const PARALLEL_MAX = 6;
const ROUNDS = 3;

export interface Service {
  name: string;
  memoryBytes: number;
}

export async function startDashboard({ environment }: Stack): Promise<void> {
  await runOrThrow(environment, "scripts/up.ts", ["superset"]);
}

/** All running services. */
export async function listServices({ environment }: Stack): Promise<Service[]> {
  const rows: { service: string; memoryBytes?: number }[] = JSON.parse(
    await runOrThrow(environment, "scripts/status.ts", ["--json"]),
  );
  return rows
    .filter(({ memoryBytes }) => memoryBytes)
    .map(({ service, memoryBytes }) => ({ name: service, memoryBytes: memoryBytes! }));
}

/** The query of a chart, in Superset's form and as the SQL for Trino. */
interface ChartQuery {
  title: string;
  body: Exchange["body"];
  statement: string;
}

export interface Session {
  queries: ChartQuery[];
  cookie: string;
}

/** Opens the dashboard once, in a browser, to learn its queries. */
export async function learnQueries(config: Config): Promise<Session> {
  const browser = await launchBrowser();
  try {
    const viewer = await Viewer.open(browser, config);
    await viewer.openDashboard();
    const { result: charts } = (await viewer.callApi(
      "GET",
      "/api/v1/chart/?q=(page_size:100)",
    )) as {
      result: { id: number; slice_name: string }[];
    };
    const queries: ChartQuery[] = [];
    for (const { chartId, body } of viewer.exchanges.values()) {
      const answer = (await viewer.callApi("POST", "/api/v1/chart/data", {
        ...body,
        result_type: "query",
      })) as { result: { query: string }[] };
      const title = charts.find(({ id }) => id === chartId)!.slice_name;
      queries.push({ title, body, statement: answer.result[0]!.query.replace(/;\s*$/, "") });
    }
    const cookies = await viewer.page.context().cookies();
    return { queries, cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") };
  } finally {
    await browser.close();
  }
}

export interface Load {
  viewers: number;
  /** Time from the refresh until all charts are answered. */
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
  failed: number;
}

/** `count` viewers, who came at different moments, over a few refreshes. */
export async function view(
  config: Config,
  { queries, cookie }: Session,
  viewers: number,
  force: boolean,
): Promise<Load> {
  const bodies = queries.map(({ body }) => JSON.stringify({ ...body, force }));
  const url = `http://127.0.0.1:${config.SUPERSET_PORT}/api/v1/chart/data`;
  const times: number[] = [];
  let failed = 0;
  const refresh = async () => {
    const startMs = performance.now();
    const waiting = [...bodies];
    const ask = async () => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", cookie },
          body,
        });
        await response.arrayBuffer();
        if (!response.ok) failed += 1;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_MAX }, ask));
    times.push(performance.now() - startMs);
  };
  const look = async (place: number) => {
    await delay((place / viewers) * REFRESH_MS);
    for (let round = 0; round < ROUNDS; round++) {
      const nextMs = performance.now() + REFRESH_MS;
      await refresh();
      await delay(Math.max(0, nextMs - performance.now()));
    }
  };
  await Promise.all(Array.from({ length: viewers }, (_, place) => look(place)));
  const sorted = times.toSorted((a, b) => a - b);
  return {
    viewers,
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    maxMs: sorted.at(-1) ?? 0,
    failed,
  };
}
