/** verify up to the public page: the summary origin and the page agree with the tables. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { PublishedSummary } from "../schema/summary.ts";
import { secretSettings } from "../scripts/lib/config.ts";
import { until } from "../scripts/lib/wait.ts";
import type { HopResult } from "../scripts/verify/hop.ts";
import { type Environment, run, runOrThrow, start } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";

setDefaultTimeout(180_000);

const ORIGIN_HOP = "user_events → summary";
const PAGE_HOP = "summary → page";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ services: ["consumer", "worker"] });
  await produce(1_000);
});
afterAll(() => stack?.stop());

const produce = (count: number) =>
  runOrThrow(stack.settings, "scripts/produce.ts", ["--count", String(count), "--rate", "0"]);

async function verify(
  environment: Environment = stack.settings,
  waitSeconds = 30,
  flags: string[] = [],
) {
  const args = ["--json", "--wait", String(waitSeconds), ...flags];
  const { exitCode, stdout } = await run(environment, "scripts/verify.ts", args);
  const { firstDifference, notAsked, hops } = JSON.parse(stdout) as {
    firstDifference: string | null;
    notAsked: string[];
    hops: HopResult[];
  };
  return { exitCode, firstDifference, notAsked, hops };
}

const hopOf = ({ hops }: { hops: HopResult[] }, name: string) =>
  hops.find(({ hop }) => hop === name)!;

test("verify holds up to the page when all events are counted", async () => {
  const found = await verify();
  expect(found).toMatchObject({ exitCode: 0, firstDifference: null });
  for (const name of [ORIGIN_HOP, PAGE_HOP]) {
    const { isNotAsked, numbers, remarks } = hopOf(found, name);
    expect(isNotAsked).toBeUndefined();
    expect(numbers.published).toBe(numbers.before!);
    expect(numbers.published).toBeGreaterThanOrEqual(1_000);
    expect(remarks).toEqual([]);
  }
});

test("verify holds up to the page while events keep coming", async () => {
  const producer = start(stack.settings, "scripts/produce.ts", ["--rate", "200"]);
  try {
    for (let round = 0; round < 4; round++) {
      expect(await verify(stack.settings, 0)).toMatchObject({ exitCode: 0, firstDifference: null });
    }
  } finally {
    producer.kill("SIGTERM");
    await producer.exited;
  }
});

/** The answer to a reader, with one view too many. */
async function lie(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const summary = (await response.json()) as PublishedSummary;
  const { view } = summary.events_by_type;
  return Response.json({
    ...summary,
    events: summary.events + 1,
    events_by_type: { ...summary.events_by_type, view: view + 1 },
  });
}

test("verify names the hop when the origin or the page says one view too many", async () => {
  const origin = `http://127.0.0.1:${stack.config.SUMMARY_PORT}/summary`;
  const page = `http://127.0.0.1:${stack.config.WORKER_PORT}/api/summary`;
  const authorization = `Bearer ${stack.config.SUMMARY_SECRET}`;
  const liar = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/summary": () => lie(origin, { authorization }),
      "/api/summary": () => lie(page),
    },
  });
  const at = `http://127.0.0.1:${liar.port}`;
  try {
    const byOrigin = await verify({ ...stack.settings, SUMMARY_URL: at });
    expect(byOrigin).toMatchObject({ exitCode: 1, firstDifference: ORIGIN_HOP });
    expect(hopOf(byOrigin, ORIGIN_HOP).remarks).toEqual([
      expect.stringMatching(/^view: \d+ to \d+ in user_events, \d+ by the summary origin$/),
    ]);
    const byPage = await verify({ ...stack.settings, WORKER_URL: at });
    expect(byPage).toMatchObject({ exitCode: 1, firstDifference: PAGE_HOP });
  } finally {
    await liar.stop(true);
  }
});

test("verify names the hop when the page goes on showing old numbers or nothing is a summary", async () => {
  const old = await fetch(`http://127.0.0.1:${stack.config.WORKER_PORT}/api/summary`);
  const text = await old.text();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/api/summary": () => new Response(text),
      "/broken/api/summary": () => new Response("{}"),
    },
  });
  const at = `http://127.0.0.1:${server.port}`;
  try {
    const stays = await verify({ ...stack.settings, WORKER_URL: at });
    expect(stays.firstDifference).toBe(PAGE_HOP);
    expect(hopOf(stays, PAGE_HOP).remarks[0]).toStartWith("its numbers stay those of 20");
    const broken = await verify({ ...stack.settings, WORKER_URL: `${at}/broken` });
    expect(hopOf(broken, PAGE_HOP).remarks[0]).toStartWith("its answer is no summary: version");
    const wrongSecret = await verify({ ...stack.settings, SUMMARY_SECRET: "x".repeat(40) });
    expect(wrongSecret.firstDifference).toBe(ORIGIN_HOP);
    expect(hopOf(wrongSecret, ORIGIN_HOP).remarks[0]).toStartWith("it answers 401");
  } finally {
    await server.stop(true);
  }
});

/** The settings of a stack without an origin and a page: nothing listens at their addresses. */
const withoutPage = () => ({ ...stack.settings, SUMMARY_PORT: "1", WORKER_PORT: "2" });

test("verify says that it has not asked when nothing listens where the origin and the page would be", async () => {
  const found = await verify(withoutPage());
  expect(found.exitCode).toBe(0);
  expect(found.notAsked).toEqual(expect.arrayContaining([ORIGIN_HOP, PAGE_HOP]));
  for (const name of [ORIGIN_HOP, PAGE_HOP]) {
    expect(hopOf(found, name)).toMatchObject({ isNotAsked: true, holds: true });
  }
});

test("verify differs when an expected origin or page does not answer", async () => {
  const found = await verify(withoutPage(), 0, ["--expect", "summary,worker"]);
  expect(found).toMatchObject({ exitCode: 1, firstDifference: ORIGIN_HOP });
  expect(hopOf(found, PAGE_HOP)).toMatchObject({ holds: false, equation: "the page does not say" });
  const { exitCode, stderr } = await run(stack.settings, "scripts/verify.ts", [
    "--expect",
    "pages",
  ]);
  expect([exitCode, stderr]).toEqual([
    2,
    "Cannot use --expect pages: it must be dbt, trino, summary, worker, several with commas between, all or none\n",
  ]);
});

test("each program knows only the secrets that it needs", async () => {
  const rows: { service: string; processId: number }[] = JSON.parse(
    await runOrThrow(stack.settings, "scripts/status.ts", ["--json"]),
  );
  const secretsOf = (name: string) =>
    readFileSync(`/proc/${rows.find(({ service }) => service === name)!.processId}/environ`, "utf8")
      .split("\0")
      .map((entry) => entry.split("=")[0]!)
      .filter((setting) => secretSettings.includes(setting));
  expect(secretsOf("kafka")).toEqual([]);
  expect(secretsOf("postgres")).toEqual([]);
  expect(secretsOf("consumer")).toEqual(["POSTGRES_INGEST_PASSWORD"]);
  expect(secretsOf("summary").sort()).toEqual(["POSTGRES_READ_PASSWORD", "SUMMARY_SECRET"]);
  expect(secretsOf("worker")).toEqual(["SUMMARY_SECRET"]);
});

test("every event counts once up to the page when each part of it is killed under load", async () => {
  const producer = start(stack.settings, "scripts/produce.ts", ["--rate", "500"]);
  try {
    for (const name of ["worker", "summary", "consumer", "postgres"]) {
      const rows: { service: string; processId?: number }[] = JSON.parse(
        await runOrThrow(stack.settings, "scripts/status.ts", ["--json"]),
      );
      process.kill(rows.find(({ service }) => service === name)!.processId!, "SIGKILL");
      await until(`${name} works again`, 60_000, () =>
        runOrThrow(stack.settings, "scripts/up.ts", [name]),
      );
    }
  } finally {
    producer.kill("SIGTERM");
    await producer.exited;
  }
  const found = await verify();
  expect(found).toMatchObject({ exitCode: 0, firstDifference: null });
  expect(hopOf(found, PAGE_HOP).isNotAsked).toBeUndefined();
});
