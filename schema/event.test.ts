import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { eventSchema } from "./event.ts";

const folder = new URL("examples/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
const passing = names.filter((name) => name.endsWith(".pass.json"));
const failing = names.filter((name) => name.endsWith(".fail.json"));

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), "utf8"));

test("every example says in its name whether it passes", () => {
  expect(passing.length + failing.length).toBe(names.length);
  expect(passing.length).toBeGreaterThan(3);
  expect(failing.length).toBeGreaterThan(10);
});

test.each(passing)("eventSchema accepts %s", (name) => {
  expect(eventSchema.safeParse(read(name)).error?.issues).toBeUndefined();
});

// The first word of the name is the field that is wrong; "event" is the document as a whole.
test.each(failing)("eventSchema rejects %s for the field in its name, and no other", (name) => {
  const field = name.split(".")[0]!.replaceAll("-", "_");
  const issues = eventSchema.safeParse(read(name)).error?.issues ?? [];
  expect(issues.map(({ path }) => (path.length === 0 ? "event" : path.join(".")))).toEqual([field]);
});
