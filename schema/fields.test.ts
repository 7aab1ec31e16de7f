/** Fails when a field of an event is missing in a place that CONTRIBUTING's "Add a field" names. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { EventGenerator } from "../scripts/produce/generate.ts";
import { csvReader } from "../scripts/produce/input/csv.ts";
import { ndjsonReader } from "../scripts/produce/input/ndjson.ts";
import { DEFAULT_RULES } from "../scripts/produce/input/row.ts";
import { EVENT_FIELDS } from "./event.ts";
import { messageOf } from "./layout.ts";
import { REJECT_REASONS } from "./rejects.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const sorted = (names: Iterable<string>) => [...names].sort();
const fields = sorted(EVENT_FIELDS);

const event = new EventGenerator({ seed: [1, 2, 3, 4], users: 5, sessionsMax: 1 }).next(0);

test("the generator fills every field", () => {
  expect(sorted(Object.keys(event))).toEqual(fields);
});

test("messageOf() writes every field, in the schema's order", () => {
  expect(Object.keys(JSON.parse(messageOf(event).value))).toEqual(EVENT_FIELDS);
});

test("the readers of CSV and NDJSON read every field", () => {
  const values = EVENT_FIELDS.map((field) => event[field]);
  const csv = [EVENT_FIELDS.join(","), values.join(",")];
  const fromCsv = csvReader(DEFAULT_RULES).read({ firstNumber: 1, lines: csv });
  const json = [JSON.stringify(event)];
  const fromJson = ndjsonReader(DEFAULT_RULES).read({ firstNumber: 1, lines: json });
  expect(fromCsv.map(({ row }) => row)).toEqual([{ event, createdAtMs: 0 }]);
  expect(fromJson.map(({ row }) => row)).toEqual([{ event, createdAtMs: 0 }]);
});

test("every field has a reason for its rejection", () => {
  expect(REJECT_REASONS).toEqual(
    expect.arrayContaining(EVENT_FIELDS.map((field) => `bad_${field}` as const)),
  );
});

test("every field has examples that fail", () => {
  const examples = readdirSync(new URL("examples/", import.meta.url))
    .filter((name) => name.endsWith(".fail.json") && !name.startsWith("event."))
    .map((name) => (name.split(".")[0] as string).replaceAll("-", "_"));
  expect(sorted(new Set(examples))).toEqual(fields);
});

test("README.md describes every field", () => {
  const table = read("README.md")
    .split("\n\n")
    .find((part) => part.startsWith("| field"));
  const described = [...(table ?? "").matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(described).toEqual(EVENT_FIELDS);
});

test("Trino's table of the topic has every field", () => {
  const { message } = JSON.parse(read("../trino/tables/user_events.json"));
  const columns = (message.fields as { mapping: string }[]).map(({ mapping }) => mapping);
  expect(columns).toEqual(EVENT_FIELDS);
});
