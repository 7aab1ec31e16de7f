/** The sections of the benchmark, and how each result is shown. */
import { sum } from "../scripts/lib/sum.ts";
import type { Bench } from "./rig/bench.ts";
import { type Ceiling, ceilings } from "./sections/ceilings.ts";
import { type DashboardResult, dashboard, isCarried } from "./sections/dashboard.ts";
import { type DuplicatesRow, duplicates } from "./sections/duplicates.ts";
import { type FreshnessResult, freshness } from "./sections/freshness.ts";
import { type LadderRow, ladder } from "./sections/ladder.ts";
import { type LatencyResult, latency } from "./sections/latency.ts";
import { long } from "./sections/long.ts";
import { longTables } from "./sections/long-tables.ts";
import { type NaiveResult, naive } from "./sections/naive.ts";
import { type PageResult, page } from "./sections/page.ts";
import { peers } from "./sections/peers.ts";
import { type ReadsRow, reads } from "./sections/reads.ts";
import { type SettleRow, settle } from "./sections/settle.ts";
import { type SustainedStep, sustained } from "./sections/sustained.ts";
import { type TrackingRow, tracking } from "./sections/tracking.ts";
import { fixed, mebibytes, percent, ranged, table, thousands } from "./table.ts";

interface Section {
  result: unknown;
  table: string;
}

export const sections: Record<string, (bench: Bench) => Promise<Section>> = {
  async ladder(bench) {
    const rows = await ladder(bench);
    const title = "Throughput ladder, thousands of events: median (least-most) of the rounds";
    return { result: rows, table: ratesTable(title, rows) };
  },
  async naive(bench) {
    const result = await naive(bench);
    return { result, table: naiveTable(result) };
  },
  async ceilings(bench) {
    const rows = await ceilings(bench);
    return { result: rows, table: ceilingsTable(rows) };
  },
  async duplicates(bench) {
    const rows = await duplicates(bench);
    return { result: rows, table: duplicatesTable(rows) };
  },
  async latency(bench) {
    const rows = await latency(bench);
    return { result: rows, table: latencyTable(rows) };
  },
  async sustained(bench) {
    const rows = await sustained(bench);
    return { result: rows, table: sustainedTable(rows) };
  },
  async tracking(bench) {
    const rows = await tracking(bench);
    return { result: rows, table: trackingTable(rows) };
  },
  async settle(bench) {
    const rows = await settle(bench);
    return { result: rows, table: settleTable(rows) };
  },
  async reads(bench) {
    const rows = await reads(bench);
    return { result: rows, table: readsTable(rows) };
  },
  async freshness(bench) {
    const result = await freshness(bench);
    return { result, table: freshnessTable(result) };
  },
  async dashboard(bench) {
    const result = await dashboard(bench);
    return { result, table: dashboardTables(result) };
  },
  async page(bench) {
    const result = await page(bench);
    return { result, table: pageTables(result) };
  },
  async long(bench) {
    const result = await long(bench);
    return { result, table: longTables(result) };
  },
  async peers(bench) {
    const result = await peers(bench);
    const title = "The same counts by others, thousands of events: median (least-most)";
    const tables = [ratesTable(title, result.throughput), latencyTable(result.latency)];
    return { result, table: tables.join("\n\n") };
  },
};

const ratesTable = (title: string, rows: LadderRow[]) =>
  table(
    title,
    [
      "",
      "users",
      "processes",
      "warm /s",
      "warm /CPU-s",
      "CPU-s/million client+PG+Kafka",
      "others",
      "cold /s",
      "cold /CPU-s",
      "first row s",
      "peak MiB",
    ],
    rows.map(({ name, users, processes, warm, cold, firstRowSeconds, peakMemoryBytes }) => {
      const { client, postgres, kafka } = warm.cpuSecondsPerMillion;
      return [
        name,
        String(users),
        String(processes),
        thousands(warm.eventsPerSecond),
        thousands(warm.eventsPerCpuSecond),
        [client, postgres, kafka].map((seconds) => seconds.toFixed(2)).join("+"),
        percent(warm.othersShare.median),
        cold ? thousands(cold.eventsPerSecond) : "",
        cold ? thousands(cold.eventsPerCpuSecond) : "",
        fixed(firstRowSeconds?.median, 2),
        mebibytes(peakMemoryBytes),
      ];
    }),
  );

const naiveTable = ({ users, events, warm }: NaiveResult) =>
  table(
    "One upsert for each message, thousands of events",
    ["design", "users", "events", "warm /s", "warm /CPU-s", "others"],
    [
      [
        "naive",
        String(users),
        String(events),
        thousands(warm.eventsPerSecond),
        thousands(warm.eventsPerCpuSecond),
        percent(warm.othersShare.median),
      ],
    ],
  );

const ceilingsTable = (rows: Ceiling[]) =>
  table(
    "What each part does alone, thousands",
    ["part", "of", "/s", "/CPU-s", "others"],
    rows.map(({ name, unit, rate }) => [
      name,
      unit,
      thousands(rate.eventsPerSecond),
      thousands(rate.eventsPerCpuSecond),
      percent(rate.othersShare.median),
    ]),
  );

const latencyTable = (rows: LatencyResult[]) =>
  table(
    "Event to row committed and visible, ms",
    ["", "events/s", "events", "p50", "p90", "p99", "max", "cores client+PG+Kafka", "others"],
    rows.map(({ name, eventsPerSecond, events, p50Ms, p90Ms, p99Ms, maxMs, cpu, othersShare }) => [
      name,
      eventsPerSecond.toFixed(0),
      String(events),
      ...[p50Ms, p90Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)),
      [cpu.client, cpu.postgres, cpu.kafka]
        .map((seconds) => (seconds / cpu.wallSeconds).toFixed(2))
        .join("+"),
      percent(othersShare),
    ]),
  );

const sustainedTable = (rows: SustainedStep[]) =>
  table(
    "Producer and consumer at the same time, one process each",
    ["events/s asked", "delivered", "most behind", "behind s", "gave way", "/CPU-s, all", "others"],
    rows.map(({ rate, delivered, lagMax, gaveWay, eventsPerCpuSecond, othersShare }) => [
      String(rate),
      delivered.toFixed(0),
      String(lagMax),
      (lagMax / rate).toFixed(2),
      gaveWay ?? "nothing",
      eventsPerCpuSecond.toFixed(0),
      percent(othersShare),
    ]),
  );

const duplicatesTable = (rows: DuplicatesRow[]) =>
  table(
    "Finding duplicates: CPU of an id, and the index of ids on the disk",
    ["", "new, ns", "again, ns", "longest, ms", "bytes an id", "take-up, ms", "MiB", "others"],
    rows.map((row) => [
      row.ids === undefined ? "window of 65,536" : `${row.ids / 1_000_000} million ids`,
      fixed(row.newNs, 0),
      row.againNs === undefined ? "" : fixed(row.againNs, 0),
      fixed(row.longestMs, 1),
      row.bytesPerId === undefined ? "" : fixed(row.bytesPerId, 1),
      row.takeUpMs === undefined ? "" : fixed(row.takeUpMs, 0),
      mebibytes(row.residentBytes),
      percent(row.othersShare),
    ]),
  );

const trackingTable = (rows: TrackingRow[]) =>
  table(
    `Which users changed, of ${rows[0]?.users}: PostgreSQL's CPU-s/million keys, and finding them`,
    [
      "",
      "1,000 keys",
      "50,000 keys",
      "tidying",
      "heap-only",
      "MiB added",
      ...(rows[0]?.findMs ?? []).map(({ changed }) => `${changed} found, ms`),
      "others",
    ],
    rows.map(({ name, small, large, tidying, heapOnlyShare, addedBytes, findMs, othersShare }) => [
      name,
      ...[small, large, tidying].map((cpuSeconds) => ranged(cpuSeconds, 1)),
      percent(heapOnlyShare),
      fixed(addedBytes / 1_048_576, 1),
      ...findMs.map(({ ms }) => fixed(ms?.median, 1)),
      percent(othersShare),
    ]),
  );

const settleTable = (rows: SettleRow[]) =>
  table(
    "dbt/run settle, seconds: median (least-most) of the rounds",
    ["users", "changed", "wall", "CPU of dbt", "CPU of PostgreSQL", "recorded", "nodes", "others"],
    rows.map((row) => [
      String(row.users),
      row.changed === undefined ? "all, first" : String(row.changed),
      ranged(row.wallSeconds, 1),
      ranged(row.clientSeconds, 1),
      ranged(row.postgresSeconds, 2),
      row.recordedSeconds.toFixed(1),
      sum(Object.values(row.nodeSeconds).map(({ median }) => median)).toFixed(1),
      percent(row.othersShare),
    ]),
  );

const readsTable = (rows: ReadsRow[]) =>
  table(
    `Reading the marts of ${rows[0]?.users} users, ms: median (least-most), by users changed since`,
    [
      "",
      ...(rows[0]?.reads ?? []).map(({ changed }) => (changed === 0 ? "settled" : `${changed}`)),
      "target",
      "others",
    ],
    rows.map(({ name, reads, targetMs, othersShare }) => [
      name,
      ...reads.map(({ ms }) => ranged(ms, 1)),
      targetMs === undefined ? "" : `<= ${targetMs}`,
      percent(othersShare),
    ]),
  );

const freshnessTable = (result: FreshnessResult) =>
  table(
    "Event to visible in user_event_summary while Airflow settles, ms; the target is a p99 of 500",
    [
      ...["events/s", "events", "p50", "p95", "p99", "max", "asked every", "settles", "failed"],
      ...["settle s", "Airflow MiB", "Airflow+dbt", "client+PG+Kafka", "watcher+its PG", "others"],
    ],
    [
      [
        result.eventsPerSecond.toFixed(0),
        String(result.events),
        ...[result.p50Ms, result.p95Ms, result.p99Ms, result.maxMs, result.lookMs].map((ms) =>
          ms.toFixed(1),
        ),
        String(result.runs.settle ?? 0),
        String(result.failedRuns),
        ranged(result.settleSeconds, 1),
        [result.airflowBytes.median, result.airflowBytes.max].map(mebibytes).join(", most "),
        percent(result.airflowCores),
        [result.cpu.client, result.cpu.postgres, result.cpu.kafka]
          .map((seconds) => percent(seconds / result.cpu.wallSeconds))
          .join("+"),
        [result.watcherCores.client, result.watcherCores.postgres].map(percent).join("+"),
        percent(result.othersShare),
      ],
    ],
  );

const dashboardTables = ({ queries, viewers, services }: DashboardResult) =>
  [
    table(
      "The dashboard's queries, ms at p50 and p95, and in PostgreSQL without Trino",
      ["", ...(queries[0]?.times ?? []).flatMap(({ users }) => [`${users} users`, "PostgreSQL"])],
      queries.map(({ chart, times }) => [
        chart,
        ...times.flatMap(({ trinoMs, postgresMs }) =>
          [trinoMs, postgresMs].map(({ p50, p95 }) => `${fixed(p50, 0)} / ${fixed(p95, 0)}`),
        ),
      ]),
    ),
    table(
      `Viewers who refresh every 10 s at ${viewers.users} users, ms until all charts are answered`,
      ["", "viewers", "p50", "p95", "max", "failed", "carried"],
      Object.entries({ "with the cache": viewers.cached, "past it": viewers.uncached }).flatMap(
        ([name, loads]) =>
          loads.map((load) => [
            name,
            String(load.viewers),
            ...[load.p50Ms, load.p95Ms, load.maxMs].map((ms) => ms.toFixed(0)),
            String(load.failed),
            isCarried(load) ? "yes" : "no",
          ]),
      ),
    ),
    table(
      "Memory afterwards, MiB",
      ["service", "MiB"],
      services.map(({ name, memoryBytes }) => [name, mebibytes(memoryBytes)]),
    ),
  ].join("\n\n");

const pageTables = ({ rows, origin, steady, parts }: PageResult) =>
  [
    table(
      "Answers of the Worker in workerd, 64 connections: median (least-most) of the rounds",
      ["", "requests/s", "of hello", "p50 ms", "p99 ms", "CPU us", "of hello", "failed"],
      rows.map(({ name, requestsPerSecond, p50Ms, p99Ms, cpuMicroseconds, failed }) => [
        name,
        ranged(requestsPerSecond, 0),
        percent(requestsPerSecond.median / rows[0]!.requestsPerSecond.median),
        ranged(p50Ms, 0),
        ranged(p99Ms, 0),
        ranged(cpuMicroseconds, 0),
        percent(cpuMicroseconds.median / rows[0]!.cpuMicroseconds.median),
        String(failed),
      ]),
    ),
    table(
      "The summary origin, one reader after the other, ms",
      ["", "p50", "p99"],
      [["/summary", origin.p50Ms.toFixed(2), origin.p99Ms.toFixed(2)]],
    ),
    table(
      "/api/summary of the Worker, asked for at a steady rate",
      ["", "requests/s", "p50 ms", "p99 ms", "failed", "origin asked, times a minute"],
      [
        [
          "/api/summary",
          ...[steady.requestsPerSecond, steady.p50Ms, steady.p99Ms].map((value) =>
            value.toFixed(0),
          ),
          String(steady.failed),
          steady.originRequestsPerMinute.toFixed(0),
        ],
      ],
    ),
    table(
      "What a browser fetches, bytes",
      ["", "plain", "gzip"],
      [...parts, allOf(parts)].map(({ name, bytes, gzipBytes }) => [
        name,
        String(bytes),
        String(gzipBytes),
      ]),
    ),
  ].join("\n\n");

const allOf = (parts: PageResult["parts"]) => ({
  name: "in all",
  bytes: sum(parts.map(({ bytes }) => bytes)),
  gzipBytes: sum(parts.map(({ gzipBytes }) => gzipBytes)),
});
