import { expect, test } from "bun:test";
import { type Pin, stateOf, withNewest } from "./pin.ts";
import { tableOf } from "./table.ts";

const pin: Pin = { kind: "npm", name: "zod", pinned: "4.6.7", file: "package.json" };

test("stateOf() is behind when a newer one exists, unless a reason holds it", () => {
  expect(stateOf({ ...pin, newest: "4.6.7" })).toBe("newest");
  expect(stateOf({ ...pin, newest: "4.10.0" })).toBe("behind");
  expect(stateOf({ ...pin, newest: "4.10.0", held: "It breaks." })).toBe("held");
  expect(stateOf({ ...pin, newest: "4.0.0", held: "It breaks." })).toBe("newest");
  expect(stateOf(pin)).toBe("unknown");
});

test("withNewest() keeps every pin with the reason when its registry is away", async () => {
  const away = () => Promise.reject(new Error("Cannot ask the registry: no answer in 30 s"));
  const pins = await withNewest([pin, { ...pin, name: "hono" }], away);
  expect(pins.map(stateOf)).toEqual(["unknown", "unknown"]);
  expect(pins[1]).toMatchObject({ unknown: "Cannot ask the registry: no answer in 30 s" });
});

test("withNewest() says so when the registry leaves one out", async () => {
  const pins = await withNewest([pin, { ...pin, name: "hono" }], async (names) => {
    expect(names).toEqual(["zod", "hono"]);
    return new Map([["zod", "4.7.0"]]);
  });
  expect(pins.map(stateOf)).toEqual(["behind", "unknown"]);
});

test("tableOf() begins with what can be raised and ends with the counts", () => {
  const lines = tableOf([
    { ...pin, newest: "4.6.7" },
    { ...pin, name: "hono", newest: "5.0.0" },
    { ...pin, name: "flask", newest: "5.0.0", held: "It breaks." },
  ]).split("\n");
  expect(lines.slice(1, 4).map((line) => line.split(/\s+/)[2])).toEqual(["hono", "flask", "zod"]);
  expect(lines[2]).toEndWith("It breaks.");
  expect(lines.at(-1)).toBe("3 pins: 1 behind, 1 held, 0 unknown, 1 newest");
});
