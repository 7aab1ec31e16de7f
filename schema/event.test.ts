import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { eventSchema, retractionSchema } from "./event.ts";

const contracts = [
  { name: "eventSchema", schema: eventSchema, folder: "examples/" },
  { name: "retractionSchema", schema: retractionSchema, folder: "examples/retractions/" },
].map(({ folder, ...contract }) => {
  const url = new URL(folder, import.meta.url);
  const names = readdirSync(url).filter((name) => name.endsWith(".json"));
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, url), "utf8"));
  return { ...contract, names, read };
});

for (const { name: contract, schema, names, read } of contracts) {
  const passing = names.filter((name) => name.endsWith(".pass.json"));
  const failing = names.filter((name) => name.endsWith(".fail.json"));

  test(`every example of ${contract} says in its name whether it passes`, () => {
    expect(passing.length + failing.length).toBe(names.length);
    expect(passing.length).toBeGreaterThan(1);
    expect(failing.length).toBeGreaterThan(5);
  });

  test.each(passing)(`${contract} accepts %s`, (name) => {
    expect(schema.safeParse(read(name)).error?.issues).toBeUndefined();
  });

  // The first word of the name is the field that is wrong; "event" is the document as a whole.
  test.each(failing)(`${contract} rejects %s for the field in its name, and no other`, (name) => {
    const field = name.split(".")[0]!.replaceAll("-", "_");
    const issues = schema.safeParse(read(name)).error?.issues ?? [];
    expect(issues.map(({ path }) => (path.length === 0 ? "event" : path.join(".")))).toEqual([
      field,
    ]);
  });
}

test.each(contracts[1]!.names)(
  "eventSchema does not take the retraction %s for an event",
  (name) => {
    expect(eventSchema.safeParse(contracts[1]!.read(name)).success).toBe(false);
  },
);
