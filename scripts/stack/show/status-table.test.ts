import { expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { services } from "../services.ts";
import type { Row } from "./report.ts";
import { statusTable } from "./status-table.ts";

const NOW_MS = Date.parse("2026-11-29T12:00:00Z");
const row = (service: string, others: Partial<Row> = {}): Row => ({
  ...{ service, title: "a service", isOptional: false, state: "ready" },
  ...others,
});
const shown = (rows: Row[], hasColours = false) => statusTable(rows, { hasColours, nowMs: NOW_MS });

const LONG = "word ".repeat(60).trim();
const rows = [
  row("kafka", { title: "the log of all events", facts: "12,345,678/s come in", memoryBytes: 5e8 }),
  row("airflow-more", { state: "starting", reason: LONG, uptimeSeconds: 4_000_000 }),
  row("trino", { elsewhere: "TRINO_URL", address: "http://127.0.0.1:8083" }),
  row("superset", { login: "admin, SUPERSET_ADMIN_PASSWORD in .env", address: "http://[::1]:1" }),
  row("consumer", {
    restarts: { count: 2, lastMs: NOW_MS - 180_000, reason: "terminated by SIGKILL" },
  }),
  row("lake", { isOptional: true, state: "stopped" }),
];

test("statusTable() fits 80 columns, whatever there is to say", () => {
  for (const line of shown(rows).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(shown(rows)).toContain(LONG.slice(0, 40));
});

test("statusTable() says what a service does, where it runs, and why it was restarted", () => {
  const text = shown(rows);
  expect(text).toContain("runs elsewhere, says TRINO_URL");
  expect(text.replace(/\s+/g, " ")).toContain(
    "restarted 2 times, last 3 min ago: terminated by SIGKILL",
  );
  expect(text).toContain("12,345,678/s come in");
  expect(text).toContain("log in as admin, SUPERSET_ADMIN_PASSWORD in .env");
});

test("statusTable() names a service outside the default group only by how to start it", () => {
  expect(shown(rows)).toContain("lake is not started: bun run up lake");
  expect(shown([row("lake", { isOptional: true })])).toMatch(/^lake +ready/m);
});

test("statusTable() is the same with colours, which take no room", () => {
  expect(shown(rows, true)).toContain("\u001b[32mready\u001b[39m");
  expect(stripVTControlCharacters(shown(rows, true))).toBe(shown(rows));
});

test("the name and the title of each service fit their columns", () => {
  for (const { name, title } of services) {
    expect(name.length).toBeLessThanOrEqual(13);
    expect(title.length).toBeLessThanOrEqual(30);
  }
});
