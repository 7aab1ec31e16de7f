/** The main path, whole: a file, the producer, Kafka, consumers and the tables in PostgreSQL. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import {
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents, randomNumbers, sumCounts } from "./harness/events.ts";
import { startRegistry } from "./harness/jsr.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow, start } from "./harness/script.ts";
import { differences, readCounts, readDays, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const produce = (place: Place, path: string) =>
  runOrThrow(place.environment, "scripts/produce.ts", ["--from", path, "--json"]);

test("consume counts every event of a file once when nothing goes wrong", async () => {
  const place = await platform.place("plain");
  const { lines, counts, days } = makeEvents(20_000);
  const consumer = await startConsumer(place);
  await produce(place, writeLines(place, lines));
  await untilRead(place.sql, 20_000);
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect(await readDays(place.sql)).toEqual(days);
  await expectVerified(place);
  expect(await stopConsumer(consumer)).toBe(0);
});

test("consume tells its health, its events and its lag when asked over HTTP", async () => {
  const place = await platform.place("metrics");
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  await produce(place, writeLines(place, makeEvents(500).lines));
  await untilRead(place.sql, 500);
  const metrics = await until("the metrics show it", 10_000, async () => {
    const text = await (await fetch(`http://127.0.0.1:${consumer.metricsPort}/metrics`)).text();
    if (!text.includes("rtdp_events_stored_total 500")) throw new Error(text.slice(0, 500));
    return text;
  });
  for (const name of ["rtdp_lag_records", "rtdp_lag_seconds", "rtdp_transaction_seconds_bucket"]) {
    expect(metrics).toContain(name);
  }
  expect(metrics).toMatch(/rtdp_lag_records\{partition="0"\} 0/);
  expect((await fetch(`http://127.0.0.1:${consumer.metricsPort}/nothing`)).status).toBe(404);
  await stopConsumer(consumer);
});

test("consume changes nothing when the same file is sent a second time", async () => {
  const place = await platform.place("twice");
  const { lines, counts } = makeEvents(5_000);
  const path = writeLines(place, lines);
  const consumer = await startConsumer(place);
  await produce(place, path);
  await produce(place, path);
  const ledger = await untilRead(place.sql, 10_000);
  expect(ledger).toEqual({ read: 10_000, stored: 5_000, duplicates: 5_000, rejected: 0 });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  await stopConsumer(consumer);
});

test("consume counts each event once when the producer is killed in the middle of its file", async () => {
  const place = await platform.place("restarted");
  const { lines, counts } = makeEvents(40_000);
  const path = writeLines(place, lines);
  const consumer = await startConsumer(place);
  const first = start(place.environment, "scripts/produce.ts", ["--from", path, "--rate", "15000"]);
  await until("a part of the file is counted", 60_000, async () => {
    const { read } = await readLedger(place.sql);
    if (read < 5_000) throw new Error(`${read} are`);
  });
  first.kill("SIGKILL");
  await first.exited;
  await produce(place, path);
  await until("the second run is counted", 60_000, async () => {
    const { stored } = await readLedger(place.sql);
    if (stored < 40_000) throw new Error(`${stored} are`);
  });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect((await readLedger(place.sql)).duplicates).toBeGreaterThan(0);
  await stopConsumer(consumer);
});

test("consume counts equal rows without ids when the file is misread, cut, appended to and sent again", async () => {
  const place = await platform.place("rows");
  const random = randomNumbers(5);
  const kinds = ["view", "carts", "orders"];
  // Every row comes about 16 times, near and far.
  const rows = Array.from({ length: 30_000 }, () => {
    const user = Math.floor(random() * 20);
    const second = Math.floor(random() * 30);
    return `{"kind":"${kinds[Math.floor(random() * 3)]}","who":${user},"at":${1_659_304_800 + second}}`;
  });
  const path = writeLines(place, rows.slice(0, 25_000));
  const columns = ["--from", path, "--map", "user_id=who,event_type=kind,created_at=at"];
  const misread = [...columns, "--types", "purchase=carts|orders", "--user-offset", "1"];
  const right = [...columns, "--types", "click=carts,purchase=orders", "--user-offset", "1"];
  const consumer = await startConsumer(place);
  await runOrThrow(place.environment, "scripts/produce.ts", misread);
  const cut = start(place.environment, "scripts/produce.ts", [...right, "--rate", "10000"]);
  await untilRead(place.sql, 25_000 + 5_000);
  cut.kill("SIGKILL");
  await cut.exited;
  appendFileSync(path, `${rows.slice(25_000).join("\n")}\n`);
  const senders = [1, 2].map(() => run(place.environment, "scripts/produce.ts", right));
  for (const { exitCode } of await Promise.all(senders)) expect(exitCode).toBe(0);

  const wanted = new Map<string, number>();
  const add = (row: string, names: Record<string, string>) => {
    const { kind, who } = JSON.parse(row);
    const key = `${who + 1} ${names[kind]}`;
    wanted.set(key, (wanted.get(key) ?? 0) + 1);
  };
  for (const row of rows) add(row, { view: "view", carts: "click", orders: "purchase" });
  // The wrong clicks stay; views and purchases were read as now, and count once.
  const wrong = rows.slice(0, 25_000).filter((row) => row.includes("carts"));
  for (const row of wrong) add(row, { carts: "purchase" });
  await until("all is counted", 60_000, async () => {
    expect(differences(wanted, await readCounts(place.sql))).toEqual([]);
  });
  await expectVerified(place);
  expect(await stopConsumer(consumer)).toBe(0);
  // Nothing was counted after that.
  expect(differences(wanted, await readCounts(place.sql))).toEqual([]);
});

for (const members of [2, 4]) {
  test(`consume counts each event once when ${members} consumers join and leave under load`, async () => {
    const place = await platform.place(`members_${members}`);
    const { lines, counts, days } = makeEvents(60_000, { seed: members });
    const path = writeLines(place, lines);
    const load = start(place.environment, "scripts/produce.ts", ["--from", path, "--rate", "6000"]);
    const consumers: ConsumerProcess[] = [];
    for (let member = 0; member < members; member++) {
      consumers.push(await startConsumer(place));
      const before = (await readLedger(place.sql)).read;
      await untilRead(place.sql, Math.min(before + 3_000, 50_000));
    }
    await stopConsumer(consumers.shift() as ConsumerProcess);
    expect(await load.exited).toBe(0);
    await untilRead(place.sql, 60_000);
    expect(differences(counts, await readCounts(place.sql))).toEqual([]);
    expect(await readDays(place.sql)).toEqual(days);
    for (const consumer of consumers) expect(await stopConsumer(consumer)).toBe(0);
  });
}

/** Values that are not events, by their expected reason. */
const POISON: [string, string | Uint8Array | null][] = [
  ["bad_json", "{not json"],
  ["bad_json", '{"event_id":\0}'],
  ["bad_user_id", '{"event_id":"00000000-0000-4000-8000-000000000000","user_id":"7"}'],
  [
    "bad_event_type",
    '{"event_id":"00000000-0000-4000-8000-000000000000","user_id":7,"event_type":"like","created_at":"2026-01-01T00:00:00Z"}',
  ],
  ["too_large", "x".repeat(2_000_000)],
  ["empty", ""],
  ["empty", null],
  ["bad_encoding", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
];

test("consume puts 5 % poison of each kind aside with its reason and counts the rest", async () => {
  const place = await platform.place("poison");
  const { lines, counts } = makeEvents(8_000);
  const expected = new Map<string, number>();
  for (let from = 0; from < lines.length; from += 500) {
    const part = lines
      .slice(from, from + 500)
      .map((value) => ({ key: String(JSON.parse(value).user_id), value }));
    const poison = POISON.filter(
      ([reason]) => reason !== "too_large" || from % 2_000 === 0,
    ).flatMap(([reason, value]) =>
      Array.from({ length: reason === "too_large" ? 1 : 25 }, () => {
        expected.set(reason, (expected.get(reason) ?? 0) + 1);
        return { key: "poison", value };
      }),
    );
    await sendRecords(place.config, [...part, ...poison]);
  }
  const rejected = sum(expected.values());
  const consumer = await startConsumer(place);
  const ledger = await untilRead(place.sql, lines.length + rejected);
  expect(ledger).toEqual({
    read: lines.length + rejected,
    stored: lines.length,
    duplicates: 0,
    rejected,
  });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  const reasons = await place.sql`
    select reason, count(*) from streaming.dead_letters group by reason`;
  expect(new Map(reasons.map(({ reason, count }) => [reason, count]))).toEqual(expected);
  await stopConsumer(consumer);
});

test("produce and consume work the same under Deno, with the settings of .env", async () => {
  const place = await platform.place("deno");
  const { lines, counts } = makeEvents(2_000);
  const path = writeLines(place, lines);
  await using registry = startRegistry();
  const folder = join(place.config.STATE_DIR, "settings of Deno");
  mkdirSync(folder);
  const settings = Object.entries(place.environment).filter(([name]) => name !== "STATE_DIR");
  writeFileSync(
    join(folder, ".env"),
    settings.map(([name, value]) => `${name}='${value}'\n`).join(""),
  );
  const deno = (script: string, ...args: string[]) =>
    Bun.spawn(["node_modules/deno/deno", "run", "--quiet", "-A", script, ...args], {
      cwd: join(import.meta.dir, ".."),
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        STATE_DIR: folder,
        JSR_URL: registry.url,
        DENO_DIR: join(folder, "deno"),
      },
      stdout: "pipe",
      stderr: "pipe",
    });
  const producer = deno("scripts/produce.ts", "--from", path, "--json");
  expect([await producer.exited, await new Response(producer.stderr).text()]).toEqual([0, ""]);
  const consumer = deno("scripts/consume.ts");
  await untilRead(place.sql, 2_000);
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  consumer.kill("SIGTERM");
  expect(await consumer.exited).toBe(0);
});

test("consume adds up events of several files when their users are the same", async () => {
  const place = await platform.place("several");
  const [first, second] = [makeEvents(3_000, { seed: 11 }), makeEvents(3_000, { seed: 12 })];
  const consumer = await startConsumer(place);
  await Promise.all([
    produce(place, writeLines(place, first.lines, "first")),
    produce(place, writeLines(place, second.lines, "second")),
  ]);
  await untilRead(place.sql, 6_000);
  const expected = sumCounts(first.counts, second.counts);
  expect(differences(expected, await readCounts(place.sql))).toEqual([]);
  await stopConsumer(consumer);
});
