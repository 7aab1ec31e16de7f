/** Moments that cannot be: they are dead letters, and no outage looks fresh because of one. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../scripts/lib/wait.ts";
import { askHealth, startConsumer, stopConsumer } from "./harness/consumers.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectProved } from "./harness/proof.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { Origin } from "./harness/summary-origin.ts";
import { readCounts, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const HOUR_MS = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

/** In the layout of our producers, or in another one. */
function eventText(createdAt: string, { isOurs = true } = {}): string {
  const event = {
    event_id: crypto.randomUUID(),
    user_id: 77,
    event_type: "view",
    created_at: createdAt,
  };
  return JSON.stringify(isOurs ? event : { ...event, x: 1 });
}

const impossible = () => [
  "0000-01-01T00:00:00.000Z",
  "0001-01-01T00:00:00.000Z",
  "1969-12-31T23:59:59.999Z",
  inHours(25),
  "2099-01-01T00:00:00.000Z",
  "9999-12-31T23:59:59.999Z",
];

const send = (place: Place, values: string[]) =>
  sendRecords(
    place.config,
    values.map((value) => ({ key: "77", value })),
  );

test("moments that cannot be are dead letters in either layout, and the newest event is not ahead of the log", async () => {
  const place = await platform.place("moments");
  const consumer = await startConsumer(place);
  const possible = ["1970-01-01T00:00:00.000Z", inHours(-1), inHours(23)];
  await send(
    place,
    [...impossible(), ...possible].flatMap((moment) => [
      eventText(moment),
      eventText(moment, { isOurs: false }),
    ]),
  );
  await untilRead(place.sql, 18);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 6, rejected: 12 });
  const reasons = await place.sql`select distinct reason from streaming.dead_letters`;
  expect(reasons.map(({ reason }) => reason)).toEqual(["implausible_created_at"]);
  // The age of the newest event grows, although one is 23 hours ahead.
  const origin = await Origin.start(place);
  await until("the newest event has an age", 30_000, async () => {
    const { as_of, events, freshness } = await origin.read();
    expect(events).toBe(6);
    const ageMs = Date.parse(as_of) - Date.parse(freshness.newest_event_at!);
    expect(ageMs).toBeGreaterThan(2_000);
    expect(freshness.event_to_kafka_ms).toBe(0);
  });
  await origin.stop();
  expect((await askHealth(consumer)).status).toBe(200);
  await stopConsumer(consumer);
  await expectProved(place);
});

/** Counts every moment, as a consumer without the rule did. */
async function countAsBeforeTheRule(place: Place): Promise<void> {
  await place.sql`
    update streaming.consumer_offsets
    set duplicate_rules = '[{"from": 0, "horizonMs": 604800000}]'::jsonb`;
  await runOrThrow(place.environment, "scripts/replay.ts");
}

test("what was counted before there was a rule for moments keeps its decision in a replay", async () => {
  const place = await platform.place("old_moments");
  await send(
    place,
    impossible().flatMap((moment) => [eventText(moment), eventText(moment, { isOurs: false })]),
  );
  const first = await startConsumer(place);
  await untilRead(place.sql, 12);
  await stopConsumer(first);
  await countAsBeforeTheRule(place);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 12, rejected: 0 });

  const second = await startConsumer(place);
  await send(place, [eventText(inHours(48)), eventText(inHours(0))]);
  await untilRead(place.sql, 14);
  await stopConsumer(second);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 13, rejected: 1 });
  await expectProved(place);
});

test("events of moments that no longer count are taken back by their file, or by any client", async () => {
  const place = await platform.place("old_moments_taken");
  const file = [inHours(24 * 365), "2099-01-01T00:00:00.000Z", "1969-01-01T00:00:00.000Z"].map(
    (moment) => eventText(moment),
  );
  const yearZero = eventText("0000-01-01T00:00:00.000Z");
  const good = eventText(inHours(-1));
  await send(place, [...file, yearZero, good]);
  const first = await startConsumer(place);
  await untilRead(place.sql, 5);
  await stopConsumer(first);
  await countAsBeforeTheRule(place);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 5, rejected: 0 });

  const second = await startConsumer(place);
  const path = writeLines(place, [...file, good]);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path, "--retract"]);
  const { event_id, user_id } = JSON.parse(yearZero);
  await send(place, [JSON.stringify({ retract: event_id, user_id })]);
  await untilRead(place.sql, 10);
  await stopConsumer(second);
  await runOrThrow(place.environment, "scripts/replay.ts");
  expect(await readLedger(place.sql)).toMatchObject({ read: 10, stored: 5, rejected: 0 });
  expect(await readCounts(place.sql)).toEqual(new Map());
  await expectProved(place);
});

test("produce says of which line it does not send the moment", async () => {
  const place = await platform.place("file_moments");
  const path = writeLines(place, [
    eventText(inHours(-1)),
    eventText("2099-01-01T00:00:00.000Z"),
    eventText("1969-01-01T00:00:00.000Z"),
  ]);
  const { stdout, stderr } = await run(place.environment, "scripts/produce.ts", ["--from", path]);
  const said = stdout + stderr;
  expect(said).toContain("implausible_created_at");
  expect(said).toContain("is before 1970, or more than 24 hours ahead of this machine's clock");
  expect(said).toMatch(/\b2\b.*2099/);
  expect(said).toMatch(/\b3\b.*1969/);
});
