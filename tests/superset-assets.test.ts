/**
 * The dashboards of Superset as files: the effect of a changed, a removed and an unchanged file,
 * and how an edit returns to them. Superset has a copy of the files.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import type { Browser } from "playwright-core";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import { stopProcess } from "../scripts/stack/supervise/supervisor.ts";
import { launchBrowser } from "./harness/browser.ts";
import { Viewer } from "./harness/dashboard.ts";
import { run, runOrThrow } from "./harness/script.ts";
import type { Stack } from "./harness/stack.ts";
import { supersetStack } from "./harness/superset-stack.ts";

const MINUTES = 60_000;

let stack: Stack;
let config: Config;
let assets: string;
let browser: Browser;
let viewer: Viewer;

beforeAll(async () => {
  stack = await supersetStack();
  config = stack.config;
  assets = config.SUPERSET_ASSETS_FOLDER;
  browser = await launchBrowser();
  viewer = await Viewer.open(browser, config);
}, 20 * MINUTES);

afterAll(async () => {
  await browser?.close();
}, 5 * MINUTES);

async function restart(): Promise<void> {
  await stopProcess(config, "superset", "superset");
  await runOrThrow(stack.settings, "scripts/up.ts", ["superset"]);
}

/** Each file with its lines. */
const contents = () =>
  new Map(
    [...new Glob("**/*.yaml").scanSync(assets)]
      .sort()
      .map((name) => [name, readFileSync(join(assets, name), "utf8").split("\n")]),
  );

function edit(name: string, change: (text: string) => string): void {
  const path = join(assets, name);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`Cannot edit ${name}: nothing would change`);
  writeFileSync(path, after);
}

interface Item {
  id: number;
  slice_name?: string;
  label?: string;
  sql?: string;
  description?: string;
}

async function list(kind: "chart" | "saved_query"): Promise<Item[]> {
  const { result } = (await viewer.callApi("GET", `/api/v1/${kind}/?q=(page_size:100)`)) as {
    result: Item[];
  };
  return result;
}

const chartNames = async () => (await list("chart")).map(({ slice_name }) => slice_name).sort();

test(
  "superset:export changes no file when nothing was edited",
  async () => {
    const before = contents();
    expect(await runOrThrow(stack.settings, "scripts/superset-export.ts")).toContain(
      "Nothing has changed",
    );
    expect(contents()).toEqual(before);
  },
  3 * MINUTES,
);

test(
  "superset:export changes just what was edited",
  async () => {
    const before = contents();
    const chart = (await list("chart")).find(({ slice_name }) => slice_name === "Purchases")!;
    await viewer.callApi("PUT", `/api/v1/chart/${chart.id}`, { slice_name: "Sales" });
    await runOrThrow(stack.settings, "scripts/superset-export.ts");
    const changed = [...contents()].flatMap(([name, lines]) =>
      lines
        .filter((line, index) => line !== before.get(name)?.[index])
        .map((line) => `${name}: ${line}`),
    );
    expect(changed).toEqual(["charts/purchases.yaml: slice_name: Sales"]);
  },
  3 * MINUTES,
);

test(
  "an edit made in Superset stays when no file has changed",
  async () => {
    await restart();
    expect(await chartNames()).toContain("Sales");
  },
  5 * MINUTES,
);

test(
  "a changed file shows after a restart, and a removed one is gone, but for what people made",
  async () => {
    const { result: made } = (await viewer.callApi("GET", "/api/v1/dataset/?q=(page_size:1)")) as {
      result: { id: number }[];
    };
    await viewer.callApi("POST", "/api/v1/chart/", {
      slice_name: "Made by a person",
      viz_type: "table",
      datasource_id: made[0]!.id,
      datasource_type: "table",
      params: "{}",
    });
    edit("charts/events.yaml", (text) =>
      text.replace("slice_name: Events", "slice_name: All events"),
    );
    rmSync(join(assets, "charts/freshness_by_hop.yaml"));
    edit("dashboards/user_activity.yaml", (text) => {
      const dashboard = Bun.YAML.parse(text) as {
        position: Record<string, { children?: string[] }>;
      };
      delete dashboard.position["CHART-freshness_by_hop"];
      for (const node of Object.values(dashboard.position)) {
        if (node.children) {
          node.children = node.children.filter((name) => name !== "CHART-freshness_by_hop");
        }
      }
      return Bun.YAML.stringify(dashboard, null, 2);
    });
    await restart();
    const names = await chartNames();
    expect(names).toContain("All events");
    expect(names).toContain("Made by a person");
    expect(names).not.toContain("Events");
    expect(names).not.toContain("Freshness");
    expect(names).toHaveLength(11);
  },
  5 * MINUTES,
);

test(
  "superset:export refuses, and touches no file, when one has changed that Superset does not have",
  async () => {
    const name = "charts/of_tomorrow.yaml";
    writeFileSync(
      join(assets, name),
      readFileSync(join(assets, "charts/events.yaml"), "utf8").replace(
        /^uuid: ..../m,
        "uuid: 0000",
      ),
    );
    const before = contents();
    const { exitCode, stderr } = await run(stack.settings, "scripts/superset-export.ts");
    expect([exitCode, stderr.includes("restart it first")]).toEqual([1, true]);
    expect(contents()).toEqual(before);
    rmSync(join(assets, name));
  },
  3 * MINUTES,
);

test(
  "superset deletes old records automatically",
  async () => {
    const records = connect(config, "superset");
    const count = async () => {
      const [row] = await records`
        select (select count(*) from logs where dttm < '2021-01-01')::int as logs,
          (select count(*) from query where changed_on < '2021-01-01')::int as queries`;
      return { ...row };
    };
    try {
      await records`insert into logs (action, user_id, dttm) values ('x', 1, '2020-01-01')`;
      await records`
        insert into query (client_id, database_id, status, changed_on)
        select 'x', id, 'success', '2020-01-01' from dbs limit 1`;
      expect(await count()).toEqual({ logs: 1, queries: 1 });
      await restart();
      await until("they are deleted", MINUTES, async () =>
        expect(await count()).toEqual({ logs: 0, queries: 0 }),
      );
    } finally {
      await records.end({ timeout: 1 });
    }
  },
  5 * MINUTES,
);

test(
  "the saved queries of Trino are saved queries of Superset, and run there",
  async () => {
    const saved = await list("saved_query");
    const files = [...new Glob("*.sql").scanSync(join(ROOT, "trino/queries"))];
    expect(saved.length).toBe(files.length);
    const waiting = saved.find(({ label }) => label === "Waiting events")!;
    const text = readFileSync(join(ROOT, "trino/queries/waiting_events.sql"), "utf8");
    expect(waiting.sql).toBe(text);
    expect(text.startsWith(`-- ${waiting.description}\n`)).toBeTrue();
    const { result: databases } = (await viewer.callApi("GET", "/api/v1/database/")) as {
      result: { id: number }[];
    };
    const answer = (await viewer.callApi("POST", "/api/v1/sqllab/execute/", {
      database_id: databases[0]!.id,
      catalog: "postgresql",
      schema: "streaming",
      sql: "select count(*) as partitions from consumer_offsets",
      runAsync: false,
    })) as { status: string; data: { partitions: number }[] };
    const tables = connect(config, "read");
    const [row] = await tables`select count(*)::int as partitions from streaming.consumer_offsets`;
    await tables.end({ timeout: 1 });
    expect(row!.partitions).toBeGreaterThan(0);
    expect([answer.status, answer.data[0]?.partitions]).toEqual(["success", row!.partitions]);
  },
  3 * MINUTES,
);
