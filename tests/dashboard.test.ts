/**
 * The dashboard as its viewers see it: a real Superset over a real Trino, in a real browser. The
 * tests follow each other on the same stack.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import { listProcesses } from "../scripts/stack/supervise/supervisor.ts";
import { launchBrowser } from "./harness/browser.ts";
import { CHARTS, type Exchange, Viewer } from "./harness/dashboard.ts";
import { runOrThrow } from "./harness/script.ts";
import type { Stack } from "./harness/stack.ts";
import { supersetStack } from "./harness/superset-stack.ts";
import { readLedger, untilRead } from "./harness/tables.ts";

const MINUTES = 60_000;
const SCREENSHOTS = join(ROOT, ".screenshots");
const COLOURS = { view: "#2f6fde", click: "#e8a317", purchase: "#1c9d6c" };

let stack: Stack;
let config: Config;
let sql: Sql;
let browser: Browser;
const viewers: Viewer[] = [];
let produced: number;
let rowsBefore: Record<string, number>;

beforeAll(async () => {
  stack = await supersetStack();
  config = stack.config;
  sql = connect(config, "owner");
  produced = (await readLedger(sql)).stored;
  rowsBefore = await countRows();
  browser = await launchBrowser();
  await produce(5_000);
  await runOrThrow(stack.settings, "scripts/transform.ts", ["refresh"]);
  mkdirSync(SCREENSHOTS, { recursive: true });
}, 20 * MINUTES);

afterEach(async () => {
  await Promise.all(viewers.splice(0).map((viewer) => viewer.close()));
});

afterAll(async () => {
  await browser?.close();
  await sql?.end({ timeout: 1 });
}, 5 * MINUTES);

/** Sends events over the last half hour and waits until they are counted. */
async function produce(count: number): Promise<void> {
  const start = new Date(Date.now() - 30 * MINUTES).toISOString();
  await runOrThrow(stack.settings, "scripts/produce.ts", [
    ...["--count", String(count), "--start", start, "--span", "30m", "--rate", "0"],
  ]);
  produced += count;
  await untilRead(sql, produced);
}

async function openDashboard(options: Parameters<typeof Viewer.open>[2] = {}): Promise<Viewer> {
  const viewer = await Viewer.open(browser, config, options);
  viewers.push(viewer);
  await viewer.openDashboard();
  return viewer;
}

/** The answer for each chart, by its title. */
async function answers(viewer: Viewer): Promise<Record<string, Exchange>> {
  const { result } = (await viewer.callApi("GET", "/api/v1/chart/?q=(page_size:100)")) as {
    result: { id: number; slice_name: string }[];
  };
  return Object.fromEntries(
    result.map(({ id, slice_name }) => [slice_name, viewer.exchanges.get(id)!]),
  );
}

const sum = (rows: Record<string, unknown>[], column: string) =>
  rows.reduce((total, row) => total + Number(row[column]), 0);

test(
  "superset lets nobody in without the generated password",
  async () => {
    const viewer = await Viewer.open(browser, config, { isAnonymous: true });
    viewers.push(viewer);
    await viewer.page.goto(viewer.address("/superset/dashboard/user-activity/"));
    expect(new URL(viewer.page.url()).pathname).toBe("/login/");
    for (const password of ["admin", "", "superset"]) {
      const { status } = await fetch(viewer.address("/api/v1/security/login"), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username: "admin", password, provider: "db" }),
      });
      expect(status).toBeOneOf([400, 401]);
    }
    for (const path of ["chart", "dashboard", "dataset", "database", "query", "saved_query"]) {
      const response = await fetch(viewer.address(`/api/v1/${path}/`));
      const body = (await response.json()) as { count?: number };
      expect({ path, found: response.status === 200 ? body.count : 0 }).toEqual({ path, found: 0 });
    }
  },
  3 * MINUTES,
);

test(
  "the dashboard shows in each chart what SQL says, and asks no other machine",
  async () => {
    const viewer = await openDashboard();
    const [totals] = await sql`
    select sum(event_count)::bigint as events, count(distinct user_id) as users,
      sum(event_count) filter (where event_type = 'purchase')::bigint as purchases,
      sum(event_count) filter (where event_type = 'view')::bigint as views
    from streaming.user_events`;
    const conversion = `${((100 * totals!.purchases) / totals!.views).toFixed(2)}%`;
    const number = (value: number) => value.toLocaleString("en-US");
    expect(await viewer.cardText("Events")).toContain(` ${number(totals!.events)} counted`);
    expect(await viewer.cardText("Active users")).toContain(` ${number(totals!.users)} with`);
    expect(await viewer.cardText("Purchases")).toContain(` ${number(totals!.purchases)} completed`);
    expect(await viewer.cardText("Conversion")).toContain(` ${conversion} purchases per view`);
    expect(await viewer.cardText("Data age")).toMatch(/ [\d,]+\.\d seconds since the newest event/);

    const shown = await answers(viewer);
    const byType = await sql`
    select event_type, sum(event_count)::bigint as events from streaming.user_events
    group by event_type order by events desc`;
    expect(
      shown["Event type distribution"]!.rows.map(({ event_type, events }) => ({
        event_type,
        events,
      })),
    ).toEqual(byType.map((row) => ({ ...row })) as never);
    const perMinute = await sql`
    select event_type, sum(event_count)::bigint as events from streaming.events_per_minute
    where minute > now() - interval '1 hour' group by event_type`;
    const timeline = shown["Event timeline, last hour by minute"]!.rows;
    expect(timeline.length).toBeOneOf([60, 61]);
    for (const { event_type, events } of perMinute) expect(sum(timeline, event_type)).toBe(events);

    const busiest = await sql`
    select user_id, sum(event_count)::bigint as events,
      coalesce(sum(event_count) filter (where event_type = 'purchase'), 0)::float8
        / sum(event_count) filter (where event_type = 'view') as rate
    from streaming.user_events group by user_id order by events desc, user_id limit 10`;
    const top = shown["Top users by total activity"]!.rows.map(
      ({ user_label, view, click, purchase }) =>
        [user_label, Number(view) + Number(click) + Number(purchase)] as const,
    );
    expect(Object.fromEntries(top)).toEqual(
      Object.fromEntries(busiest.map(({ user_id, events }) => [`user ${user_id}`, events])),
    );
    const rates = shown["Purchase conversion rate by user"]!.rows;
    for (const { user_id, rate } of busiest) {
      const row = rates.find(({ user_label }) => user_label === `user ${user_id}`);
      expect(row?.conversion_rate).toBeCloseTo(rate, 9);
    }
    const engagement = await viewer.cardText("User engagement metrics");
    expect(engagement).toContain(` 1 ${busiest[0]!.user_id} ${number(busiest[0]!.events)} `);
    expect(shown["User engagement metrics"]!.rows.length).toBe(Math.min(100, totals!.users));
    const freshness = await viewer.cardText("Freshness");
    for (const hop of ["Event to Kafka", "Kafka to tables", "Newest event", "Settled by dbt"]) {
      expect(freshness).toMatch(new RegExp(`${hop} [\\d,]+\\.\\d{3} `));
    }
    expect(viewer.strangers).toEqual([]);
    expect(viewer.complaints).toEqual([]);
  },
  5 * MINUTES,
);

test(
  "the dashboard cuts nothing off when it is narrow, wide, light or dark",
  async () => {
    for (const width of [1280, 1920]) {
      for (const isDark of [false, true]) {
        const viewer = await openDashboard({ width, height: 1_800, isDark });
        const name = `dashboard-${width}-${isDark ? "dark" : "light"}.png`;
        await viewer.page.screenshot({ path: join(SCREENSHOTS, name), fullPage: true });
        expect({ name, cut: await viewer.cutOff() }).toEqual({ name, cut: [] });
        await viewer.close();
        viewers.splice(0);
      }
    }
  },
  10 * MINUTES,
);

test(
  "a type of event keeps its colour when it is the only one that is shown",
  async () => {
    const viewer = await openDashboard();
    for (const colour of Object.values(COLOURS)) {
      expect(await viewer.pixels("Event type distribution", colour)).toBeGreaterThan(100);
    }
    const [{ clicks } = {}] = await sql`
    select sum(event_count)::bigint as clicks from streaming.user_events where event_type = 'click'`;
    await viewer.page.goto(
      viewer.address(
        "/superset/dashboard/user-activity/?native_filters=(NATIVE_FILTER-event-type:(extraFormData:(filters:!((col:event_type,op:IN,val:!(click)))),filterState:(value:!(click)),id:NATIVE_FILTER-event-type,ownState:()))",
      ),
    );
    await until("only clicks are shown", 2 * MINUTES, async () => {
      expect(await viewer.cardText("Events")).toContain(
        ` ${clicks.toLocaleString("en-US")} counted`,
      );
      expect(await viewer.pixels("Event type distribution", COLOURS.view)).toBe(0);
      expect(await viewer.pixels("Event type distribution", COLOURS.click)).toBeGreaterThan(1_000);
    });
  },
  5 * MINUTES,
);

test(
  "the dashboard follows new events within 15 seconds, without a click",
  async () => {
    const viewer = await openDashboard();
    await produce(1_000);
    await until("the new events are shown", 15_000, async () => {
      expect(await viewer.cardText("Events")).toContain(` ${produced.toLocaleString("en-US")} `);
    });
  },
  5 * MINUTES,
);

test(
  "charts ask for what their files hold, so that viewers without a login are answered",
  async () => {
    const viewer = await openDashboard();
    const shown = await answers(viewer);
    const folder = join(ROOT, "superset/assets/charts");
    const files = readdirSync(folder).map(
      (name) =>
        Bun.YAML.parse(readFileSync(join(folder, name), "utf8")) as {
          slice_name: string;
          query_context: { queries: unknown };
        },
    );
    expect(files.length).toBe(CHARTS);
    for (const { slice_name, query_context } of files) {
      expect({ slice_name, queries: shown[slice_name]?.body.queries as unknown }).toEqual({
        slice_name,
        queries: query_context?.queries,
      });
    }
  },
  5 * MINUTES,
);

test(
  "the dashboard recovers without help when Trino was killed",
  async () => {
    const viewer = await openDashboard();
    const trino = (await listProcesses(config)).find(({ name }) => name === "trino")!;
    process.kill(trino.processId, "SIGKILL");
    await produce(500);
    await until("the dashboard shows what came meanwhile", 4 * MINUTES, async () => {
      expect(await viewer.cardText("Events")).toContain(` ${produced.toLocaleString("en-US")} `);
      expect(await viewer.page.locator(".slice_container").count()).toBe(CHARTS);
      expect(viewer.exchanges.values().every(({ status }) => status === 200)).toBeTrue();
    });
  },
  8 * MINUTES,
);

/** Tables of Superset's own records that could grow with each refresh. */
async function countRows(): Promise<Record<string, number>> {
  const records = connect(config, "superset");
  try {
    const counts: Record<string, number> = {};
    for (const table of ["logs", "query", "cache_keys", "key_value", "tab_state"]) {
      const [row] = await records`select count(*)::int as rows from ${records(table)}`;
      counts[table] = row!.rows;
    }
    return counts;
  } finally {
    await records.end({ timeout: 1 });
  }
}

test("superset keeps nothing of a viewer's refreshes but a bounded cache", async () => {
  for (const [table, rows] of Object.entries(await countRows())) {
    expect(rows - rowsBefore[table]!).toBeLessThan(20);
  }
  const cached = readdirSync(join(dataFolder(config, "superset"), "cache/data"));
  expect(cached.length).toBeLessThanOrEqual(501);
});
