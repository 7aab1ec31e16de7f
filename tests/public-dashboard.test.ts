/**
 * What an open dashboard gives away, and what it does not: the tests try each way around the guard.
 * The last test closes it again, and everything that the tests made is deleted.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import type { Config } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { launchBrowser } from "./harness/browser.ts";
import { CHARTS, type Exchange, Viewer } from "./harness/dashboard.ts";
import { runOrThrow } from "./harness/script.ts";
import type { Stack } from "./harness/stack.ts";
import { setPublic, supersetStack } from "./harness/superset-stack.ts";
import { untilRead } from "./harness/tables.ts";

const MINUTES = 60_000;

type Body = Exchange["body"] & { form_data: Record<string, unknown> };

let stack: Stack;
let config: Config;
let browser: Browser;
/** The requests of a page without a login, by what it shows. */
let asked: { timeline: Body; types: Body; users: Body };
/** A user with a login who has published another dashboard. */
let person: Viewer;
let personal: { chartId: number; dashboardId: number; emptyId: number };

beforeAll(async () => {
  stack = await supersetStack({ isPublic: true });
  config = stack.config;
  browser = await launchBrowser();
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--count", "500", "--rate", "0"]);
  const sql = connect(config, "owner");
  await untilRead(sql, 500);
  await sql.end({ timeout: 1 });
  await runOrThrow(stack.settings, "scripts/transform.ts", ["refresh"]);
  person = await Viewer.open(browser, config);
  personal = await publishDashboard();
}, 20 * MINUTES);

afterAll(async () => {
  for (const path of [
    `chart/${personal?.chartId}`,
    `dashboard/${personal?.dashboardId}`,
    `dashboard/${personal?.emptyId}`,
  ]) {
    if (personal) await person.callApi("DELETE", `/api/v1/${path}`);
  }
  await browser?.close();
}, 5 * MINUTES);

const address = (path: string) => `http://127.0.0.1:${config.SUPERSET_PORT}${path}`;

/** A request as anyone can make it, without a browser. */
function ask(
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(address(path), {
    redirect: "manual",
    ...(body !== undefined && {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    }),
  });
}

async function publishDashboard(): Promise<typeof personal> {
  const create = async (kind: string, item: unknown) =>
    ((await person.callApi("POST", `/api/v1/${kind}/`, item)) as { id: number }).id;
  const dashboardId = await create("dashboard", {
    dashboard_title: "Of a person",
    slug: "of-a-person",
    published: true,
  });
  const datasource = { id: 1, type: "table" };
  const chartId = await create("chart", {
    slice_name: "Of a person",
    viz_type: "table",
    datasource_id: datasource.id,
    datasource_type: datasource.type,
    params: "{}",
    query_context: JSON.stringify({ datasource, queries: [{ metrics: ["events"] }] }),
    dashboards: [dashboardId],
  });
  // By Superset's own rules, a dashboard without a dataset is open to everyone.
  const emptyId = await create("dashboard", { dashboard_title: "Empty", published: true });
  return { chartId, dashboardId, emptyId };
}

/** An anonymous session with the token that Superset requires for changes. */
async function session(): Promise<Record<string, string>> {
  const page = await ask("/login/");
  const token = /name="csrf_token"[^>]*value="([^"]+)"/.exec(await page.text())?.[1];
  const cookie = page.headers.get("set-cookie")?.split(";")[0];
  if (!token || !cookie) throw new Error("Cannot start a session: the login page has no token");
  return { cookie, "x-csrftoken": token, referer: address("/login/") };
}

/** The guard refuses it, not the rate limit or a missing token. */
function isClosed({ status, headers }: Response): boolean {
  const isLogin = status === 302 && headers.get("location")?.includes("/login");
  return isLogin || [401, 403, 404, 405].includes(status);
}

const askData = (body: unknown) => ask("/api/v1/chart/data", body);

/** The same request with other fields in its only query. */
const withQuery = (body: Body, changes: Record<string, unknown>) => ({
  ...body,
  queries: [{ ...body.queries[0], ...changes }],
});

test(
  "a viewer without a login sees every chart when the dashboard is public",
  async () => {
    const viewer = await Viewer.open(browser, config, { isAnonymous: true });
    await viewer.openDashboard();
    const exchanges = [...viewer.exchanges.values()];
    expect(exchanges.map(({ status }) => status)).toEqual(exchanges.map(() => 200));
    expect(exchanges.length).toBe(CHARTS);
    expect(await viewer.cardText("Events")).toContain(" 500 counted");
    expect(viewer.complaints).toEqual([]);
    expect(viewer.strangers).toEqual([]);
    const has = (part: string) =>
      exchanges.find(({ body }) => JSON.stringify(body.queries).includes(part))!.body as Body;
    asked = {
      timeline: has('"time_grain_sqla":"PT1M"'),
      types: has('"contribution"'),
      users: has('"segment"'),
    };
    await viewer.close();
  },
  5 * MINUTES,
);

test(
  "the chart's own query is answered, with the filters that the dashboard offers",
  async () => {
    for (const body of Object.values(asked)) expect((await askData(body)).status).toBe(200);
    const clicks = { col: "event_type", op: "IN", val: ["click"] };
    const answer = await askData(
      withQuery(asked.types, { filters: [...(asked.types.queries[0]!.filters ?? []), clicks] }),
    );
    const { result } = (await answer.json()) as { result: { data: { event_type: string }[] }[] };
    expect(result[0]!.data.map(({ event_type }) => event_type)).toEqual(["click"]);
  },
  MINUTES,
);

test(
  "a request without a login is refused when it asks for anything but a chart's own query",
  async () => {
    const { timeline, types, users } = asked;
    const sqlMetric = { expressionType: "SQL", sqlExpression: "max(version())", label: "version" };
    const byUser = { col: "user_id", op: "IN", val: ["1"] };
    const requests: Record<string, unknown> = {
      "raw rows": withQuery(types, { columns: ["event_type", "event_count"], metrics: [] }),
      "another column": withQuery(users, { columns: ["user_id", "user_label"] }),
      "a metric in SQL": withQuery(types, { metrics: [sqlMetric] }),
      "a column in SQL": withQuery(types, {
        columns: [{ expressionType: "SQL", sqlExpression: "current_user", label: "who" }],
      }),
      "a condition in SQL": withQuery(types, { extras: { where: "1 = 1", having: "" } }),
      "a filter on another column": withQuery(users, { filters: [byUser] }),
      "a filter that the chart has not": withQuery(users, {
        filters: [{ col: "event_type", op: "IN", val: ["click"] }],
      }),
      "another order": withQuery(users, { orderby: [["user_id", true]] }),
      "more rows": withQuery(users, { row_limit: 50_000 }),
      "an offset": withQuery(users, { row_offset: 10 }),
      "no rows limit": withQuery(users, { row_limit: 0 }),
      "another operation after it": withQuery(types, { post_processing: [] }),
      "one query more": { ...types, queries: [types.queries[0], timeline.queries[0]] },
      "another dataset": { ...types, datasource: users.datasource },
      "another chart's number": {
        ...types,
        form_data: { ...types.form_data, slice_id: users.form_data.slice_id },
      },
      "no chart": { ...types, form_data: { ...types.form_data, slice_id: undefined } },
      "no dashboard": { ...types, form_data: { ...types.form_data, dashboardId: undefined } },
      "another dashboard": { ...types, form_data: { ...types.form_data, dashboardId: 99 } },
      "the SQL": { ...types, result_type: "query" },
      "the drill detail": { ...types, result_type: "drill_detail" },
      samples: { ...types, result_type: "samples" },
      "all columns": { ...types, result_type: "columns" },
      "a CSV file": { ...types, result_format: "csv" },
      "a spreadsheet": { ...types, result_format: "xlsx" },
    };
    const answers: Record<string, string> = {};
    for (const [what, body] of Object.entries(requests)) {
      const response = await askData(body);
      const isGuarded = (await response.text()).includes("Cannot answer without a login");
      answers[what] = `${response.status} ${isGuarded ? "by the guard" : "by Superset"}`;
    }
    // Requests that Superset itself refuses never reach the guard.
    const bySuperset = [
      "another dataset",
      "another chart's number",
      "no chart",
      "no dashboard",
      "another dashboard",
    ];
    expect(answers).toEqual(
      Object.fromEntries(
        Object.keys(requests).map((what) => [
          what,
          bySuperset.includes(what) ? "403 by Superset" : "403 by the guard",
        ]),
      ),
    );
  },
  3 * MINUTES,
);

test(
  "the cache answers a request without a login, also one that would go around it",
  async () => {
    await askData(asked.types);
    const answer = await askData({ ...asked.types, force: true, custom_cache_timeout: -1 });
    const { result } = (await answer.json()) as { result: { is_cached: boolean }[] };
    expect(result[0]!.is_cached).toBeTrue();
  },
  MINUTES,
);

test(
  "no other address gives data or settings away without a login",
  async () => {
    const dataset = asked.users.datasource.id;
    const chart = asked.users.form_data.slice_id;
    const closed = [
      `/api/v1/chart/${chart}/data/`,
      `/api/v1/chart/${chart}/data/?type=samples&format=csv`,
      "/api/v1/chart/export/?q=!(1)",
      "/api/v1/dashboard/export/?q=!(1)",
      "/api/v1/dataset/export/?q=!(1)",
      "/api/v1/database/export/?q=!(1)",
      "/api/v1/assets/export/",
      `/api/v1/dataset/${dataset}`,
      `/api/v1/dataset/${dataset}/drill_info/`,
      `/api/v1/dataset/${dataset}/related_objects`,
      "/api/v1/database/1",
      "/api/v1/database/1/schemas/",
      "/api/v1/database/1/tables/?q=(schema_name:streaming)",
      "/api/v1/database/1/table_metadata/?name=user_events&schema=streaming",
      `/api/v1/datasource/table/${dataset}/column/user_id/values/`,
      `/api/v1/explore/?slice_id=${chart}`,
      "/api/v1/sqllab/",
      "/api/v1/saved_query/1",
      "/api/v1/query/",
      "/api/v1/security/users/",
      "/api/v1/security/roles/",
      `/explore/?slice_id=${chart}`,
      `/superset/slice/${chart}/`,
      "/sqllab/",
      "/superset/welcome/",
      "/users/list/",
      "/roles/list/",
      `/datasource/get/table/${dataset}/`,
    ];
    const opened: Record<string, number> = {};
    for (const path of closed) {
      const response = await ask(path);
      if (!isClosed(response)) opened[path] = response.status;
      // An address that refuses everybody would prove nothing.
      const known = await person.page.context().request.get(address(path));
      if (known.status() === 404) opened[`${path}, which does not exist`] = 404;
    }
    const posts: Record<string, unknown> = {
      [`/datasource/samples?datasource_type=table&datasource_id=${dataset}`]: {},
      "/api/v1/sqllab/execute/": { database_id: 1, sql: "select 1", schema: "streaming" },
      "/api/v1/sqllab/estimate/": { database_id: 1, sql: "select 1" },
      "/api/v1/security/guest_token/": { user: {}, resources: [], rls: [] },
      "/api/v1/chart/": { slice_name: "x", datasource_id: dataset, datasource_type: "table" },
      "/api/v1/dashboard/": { dashboard_title: "x" },
      "/api/v1/database/": { database_name: "x", sqlalchemy_uri: "sqlite://" },
      "/api/v1/database/test_connection/": { sqlalchemy_uri: "sqlite://" },
      "/api/v1/cachekey/invalidate": { datasource_uids: [`${dataset}__table`] },
      "/api/v1/explore/form_data": {
        datasource_id: dataset,
        datasource_type: "table",
        form_data: "{}",
      },
      "/superset/explore_json/": { form_data: {} },
      [`/superset/explore_json/table/${dataset}/`]: { form_data: {} },
    };
    const headers = await session();
    for (const [path, body] of Object.entries(posts)) {
      const response = await ask(path, body, headers);
      if (!isClosed(response)) opened[path] = response.status;
    }
    expect(opened).toEqual({});
  },
  3 * MINUTES,
);

test(
  "the lists show nothing but the public dashboard without a login",
  async () => {
    const list = async (kind: string) => {
      const response = await ask(`/api/v1/${kind}/`);
      return response.ok ? ((await response.json()) as { count: number }).count : 0;
    };
    expect(await list("dashboard")).toBe(1);
    for (const kind of ["chart", "dataset", "database", "saved_query", "query", "log"]) {
      expect({ kind, found: await list(kind) }).toEqual({ kind, found: 0 });
    }
  },
  MINUTES,
);

test(
  "the time filter works without a login, as the dashboard offers it",
  async () => {
    const viewer = await Viewer.open(browser, config, { isAnonymous: true });
    const range = "'DATEADD(DATETIME(\"now\"), -5, minute) : now'";
    const filter = `(NATIVE_FILTER-time:(extraFormData:(time_range:${range}),filterState:(value:${range}),id:NATIVE_FILTER-time,ownState:()))`;
    await viewer.page.goto(
      address(`/superset/dashboard/user-activity/?native_filters=${encodeURIComponent(filter)}`),
    );
    await viewer.untilDrawn();
    const exchanges = [...viewer.exchanges.values()];
    expect(exchanges.map(({ status }) => status)).toEqual(exchanges.map(() => 200));
    const timeline = exchanges.find(({ body }) => JSON.stringify(body).includes("PT1M"))!;
    expect(JSON.stringify(timeline.body.queries)).toContain("-5");
    expect(timeline.rows.length).toBeLessThan(10);
    await viewer.close();
  },
  3 * MINUTES,
);

test(
  "what a person has published for those with a login is not public",
  async () => {
    const { chartId, dashboardId, emptyId } = personal;
    const answer = await askData({
      datasource: { id: 1, type: "table" },
      queries: [{ metrics: ["events"] }],
      form_data: { slice_id: chartId, dashboardId },
      result_type: "full",
      result_format: "json",
    });
    expect(answer.status).toBe(403);
    const paths = [dashboardId, emptyId].flatMap((id) =>
      ["", "/charts", "/datasets"].map((part) => `/api/v1/dashboard/${id}${part}`),
    );
    for (const path of [...paths, "/superset/dashboard/of-a-person/"]) {
      expect({ path, isClosed: isClosed(await ask(path)) }).toEqual({ path, isClosed: true });
      const known = await person.page.context().request.get(address(path));
      expect({ path, status: known.status() }).toEqual({ path, status: 200 });
    }
  },
  3 * MINUTES,
);

test(
  "up closes the dashboard again when it is not public any more",
  async () => {
    await setPublic(stack, false);
    for (const body of Object.values(asked)) {
      expect((await askData(body)).status).toBeOneOf([401, 403]);
    }
    const page = await ask("/superset/dashboard/user-activity/");
    expect([page.status, page.headers.get("location")?.includes("/login")]).toEqual([302, true]);
    const list = await ask("/api/v1/dashboard/");
    expect(list.ok ? ((await list.json()) as { count: number }).count : 0).toBe(0);
  },
  10 * MINUTES,
);
