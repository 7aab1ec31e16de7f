import { expect, test } from "bun:test";
import { lastWait, type Timings, timingsTable } from "./timings.ts";

const kafka = {
  name: "kafka",
  isSlow: false,
  runtimes: ["Kafka"],
  needs: [],
  beganMs: 12_000,
  readyMs: 20_000,
};
const consumer = { ...kafka, name: "consumer", runtimes: [], needs: ["kafka"], readyMs: 24_500 };
const trino = {
  name: "trino",
  isSlow: true,
  runtimes: ["Trino"],
  needs: ["kafka"],
  beganMs: 90_000,
  readyMs: 120_000,
};
const timings: Timings = {
  beganMs: 2_000,
  runtimes: ["Kafka", "Trino"],
  installs: [
    { title: "Trino", name: "download", beganMs: 3_000, endedMs: 70_000 },
    { title: "Trino", name: "unpack", beganMs: 70_000, endedMs: 90_000 },
  ],
  services: [kafka, consumer, trino],
  moments: [{ name: "everything ready", atMs: 120_100 }],
};

test("timingsTable() shows when each began and ended, its steps, and what it waited for", () => {
  expect(timingsTable(timings)).toBe(
    `
WHAT                FROM    UNTIL    TOOK
Bun and packages   0.0 s    2.0 s   2.0 s
Kafka                                      was there
Trino              3.0 s   90.0 s  87.0 s  download 67.0 s, unpack 20.0 s
kafka             12.0 s   20.0 s   8.0 s
consumer          12.0 s   24.5 s  12.5 s  waited for kafka until 20.0 s
trino             90.0 s  120.0 s  30.0 s  waited for Trino until 90.0 s
everything ready          120.1 s
`.trim(),
  );
});

test("lastWait() names what came last of all that held a service up", () => {
  expect(lastWait(kafka, timings)).toBe("");
  expect(lastWait(trino, { ...timings, installs: [] })).toBe("waited for consumer until 24.5 s");
  // What became ready only after the service held nothing up.
  const late = { ...timings, services: [{ ...kafka, readyMs: 30_000 }, consumer] };
  expect(lastWait(consumer, late)).toBe("");
});
