import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { EVENT_FIELDS } from "./event.ts";
import { judgeEvent, REJECT_REASONS, REJECTS } from "./rejects.ts";

const migrations = new URL("../postgres/migrations/", import.meta.url);

test("REJECT_REASONS are the reasons that the newest check of dead_letters allows", () => {
  const sql = readdirSync(migrations)
    .sort()
    .map((name) => readFileSync(new URL(name, migrations), "utf8"))
    .join("\n");
  const newest = [...sql.matchAll(/\breason in \(([^)]*)\)/g)].at(-1)?.[1] ?? "";
  expect([...newest.matchAll(/'(\w+)'/g)].map(([, reason]) => reason)).toEqual(REJECT_REASONS);
});

test("README.md lists every reason with its meaning", () => {
  const text = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+)` +\| ([^|]*?) +\|$/gm)].map(([, name, meaning]) => [
    name,
    meaning?.replaceAll("`", ""),
  ]);
  const reasons = rows.filter(([name]) => (name as string) in REJECTS);
  expect(Object.fromEntries(reasons)).toEqual(REJECTS);
});

const event = {
  event_id: "0190a8b2-7c4d-7e1f-8a2b-3c4d5e6f7a8b",
  user_id: 7,
  event_type: "click",
  created_at: "2026-01-01T00:00:00.000Z",
};

test("judgeEvent() gives back an event", () => {
  expect(judgeEvent({ ...event, page: "/" })).toMatchObject(event);
});

test.each(EVENT_FIELDS)(
  "judgeEvent() gives bad_%s when the field is missing or an object",
  (field) => {
    expect(judgeEvent({ ...event, [field]: undefined })).toBe(`bad_${field}`);
    expect(judgeEvent({ ...event, [field]: {} })).toBe(`bad_${field}`);
  },
);

test("judgeEvent() names the first field in the schema's order when several are wrong", () => {
  expect(judgeEvent({})).toBe(`bad_${EVENT_FIELDS[0] as string}` as never);
  expect(judgeEvent({ ...event, created_at: 0, event_type: 0 })).toBe("bad_event_type");
});
