/**
 * The summary origin on a real PostgreSQL. Its numbers are those of the tables at any moment, its
 * queries are bounded, and strangers learn nothing.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { DBT } from "../dbt/install.ts";
import { AGE_HEADER, type Summary } from "../schema/summary.ts";
import { install } from "../scripts/host/install.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { countedPlace, settle } from "./harness/marts.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { Origin } from "./harness/summary-origin.ts";
import { untilRead } from "./harness/tables.ts";

setDefaultTimeout(120_000);

const MINUTE_MS = 60_000;
const GUARDED = ["/summary", "/preview.png", "/metrics"];

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  await install(readConfig(), [DBT]);
});
const origins: Origin[] = [];
afterAll(async () => {
  for (const origin of origins) origin.process.kill("SIGKILL");
  await platform.stop();
});

async function startOrigin(place: Place, settings?: Record<string, string>): Promise<Origin> {
  const origin = await Origin.start(place, settings);
  origins.push(origin);
  return origin;
}

/** Times of events: in this minute, in this hour, before it, and in the future. */
function recentEvents(nowMs: number) {
  const ages = [0, 0, 1, 1, 1, 30, 58, 75, 3 * 24 * 60, -10, -23 * 60];
  return ages.map((minutes, index) => ({
    event_id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    user_id: 1_000 + index,
    event_type: (["view", "click", "purchase"] as const)[index % 3]!,
    created_at: new Date(nowMs - minutes * MINUTE_MS).toISOString(),
  }));
}

async function send(place: Place, values: string[]): Promise<void> {
  await sendRecords(
    place.config,
    values.map((value) => ({ key: /"user_id":(\d+)/.exec(value)?.[1] ?? "7", value })),
  );
}

/** The minutes of a timeline in which anything happened, as `minute type count`. */
const happened = ({ timeline }: Summary) =>
  timeline.flatMap(({ minute, ...counts }) =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([type, count]) => `${minute} ${type} ${count}`),
  );

/** The expected timeline of the events, by JavaScript's clock instead of PostgreSQL's. */
function expectedMinutes(events: ReturnType<typeof recentEvents>, summary: Summary): string[] {
  const from = summary.timeline[0]!.minute;
  const counts = new Map<string, number>();
  for (const { created_at, event_type } of events) {
    if (created_at < from || created_at > summary.as_of) continue;
    const key = `${created_at.slice(0, 16)}:00.000Z ${event_type}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

/** The ten users with the most events, of counts by `user_id event_type`. */
function mostActive(counts: Map<string, number>): Summary["top_users"] {
  const users = new Map<number, { view: number; click: number; purchase: number }>();
  for (const [key, count] of counts) {
    const [id, type] = key.split(" ") as [string, "view" | "click" | "purchase"];
    const user = users.get(Number(id)) ?? { view: 0, click: 0, purchase: 0 };
    users.set(Number(id), { ...user, [type]: count });
  }
  return [...users]
    .map(([user_id, user]) => ({
      user_id,
      events: user.view + user.click + user.purchase,
      ...user,
    }))
    .sort((a, b) => b.events - a.events || a.user_id - b.user_id)
    .slice(0, 10);
}

test("the summary is what the topic holds, before dbt has built anything, after it has, and without it", async () => {
  const place = await platform.place("brought");
  const old = makeEvents(2_000);
  const recent = recentEvents(Date.now());
  const lines = recent.map((event) => JSON.stringify(event));
  const path = writeLines(place, old.lines);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
  await send(place, [...lines, lines[0]!, lines[0]!, lines[5]!, "{broken", "", `{"event_id":"1"}`]);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, 2_000 + recent.length + 6);
  const origin = await startOrigin(place);
  const naming = await startOrigin(place, { SUMMARY_TOP_USERS: "true" });

  const countOf = (type: string) =>
    [...old.counts]
      .filter(([key]) => key.endsWith(type))
      .reduce((sum, [, count]) => sum + count, 0) +
    recent.filter(({ event_type }) => event_type === type).length;
  const expected = {
    events: 2_000 + recent.length,
    users: new Set([...old.counts.keys()].map((key) => key.split(" ")[0])).size + recent.length,
    events_by_type: {
      view: countOf("view"),
      click: countOf("click"),
      purchase: countOf("purchase"),
    },
    conversion_rate: countOf("purchase") / countOf("view"),
    top_users: null,
    ledger: {
      ...{ state: "exact", read: 2_000 + recent.length + 6, stored: 2_000 + recent.length },
      ...{ duplicates: 3, rejected: 3, absent: 0, lost: 0, counted: 2_000 + recent.length },
    },
  };
  const check = async () => {
    const summary = await origin.read();
    expect(summary).toMatchObject(expected as unknown as Record<string, unknown>);
    expect(happened(summary).sort()).toEqual(expectedMinutes(recent, summary));
    const today = recent.filter(
      ({ created_at }) =>
        created_at >= `${summary.as_of.slice(0, 10)}T00:00` && created_at <= summary.as_of,
    );
    expect(summary.events_today).toBe(today.length);
    expect((await naming.read()).top_users).toEqual(mostActive(old.counts));
    return summary;
  };
  const before = await check();
  // Events from the future are no newer than the log that holds them.
  const newestMs = Date.parse(before.freshness.newest_event_at!);
  expect(newestMs).toBeGreaterThanOrEqual(Date.parse(recent[0]!.created_at));
  expect(newestMs).toBeLessThanOrEqual(Date.parse(before.as_of));
  expect(before.freshness.kafka_to_table_ms).toBeGreaterThanOrEqual(0);
  expect(before.freshness.settled_at).toBeNull();

  await settle(place);
  expect((await check()).freshness.settled_at).not.toBeNull();
  // The marts are read with dbt's rights, so this shows that nothing else is.
  await place.sql`revoke select on streaming.user_events from streaming_read`;
  const settled = await check();
  expect(Date.parse(settled.freshness.settled_at!)).toBeGreaterThan(Date.parse(before.as_of));
  const live = { ...recent[0]!, event_id: "00000000-0000-4000-8000-00000000beef", user_id: 1 };
  await send(place, [JSON.stringify(live)]);
  await untilRead(place.sql, 2_000 + recent.length + 7);
  expect(await origin.read()).toMatchObject({
    events: expected.events + 1,
    users: expected.users,
    ledger: { state: "exact" },
  });

  await place.sql`grant select on streaming.user_events to streaming_read`;
  const transformer = connect(place.config, "transform");
  await transformer`drop view streaming.user_event_summary cascade`;
  await transformer.end();
  expect((await origin.read()).events).toBe(expected.events + 1);
  for (const { exitCode } of [await origin.stop(), await naming.stop()]) expect(exitCode).toBe(0);
  await stopConsumer(consumer);
});

test("the ledger differs while a count is broken, records were lost or dbt's last check has failed", async () => {
  const { place } = await countedPlace(platform, "broken");
  const direct = { KAFKA_GROUP_ID: "direct", KAFKA_TOPIC: "direct" };
  const origin = await startOrigin(place, direct);
  const stateOf = async () => (await origin.read()).ledger.state;
  expect((await origin.read()).ledger).toMatchObject({ state: "exact", read: 1_200 });

  const change = (by: number) =>
    place.sql`
      update streaming.user_events set event_count = event_count + ${by}
      where (user_id, event_type) = (
        select user_id, event_type from streaming.user_events order by event_count desc limit 1
      )`;
  await change(1);
  expect((await origin.read()).ledger).toMatchObject({ state: "differs", counted: 1_201 });
  await change(-1);
  expect(await stateOf()).toBe("exact");

  const lose = (by: number) =>
    place.sql`
      update streaming.consumer_offsets set lost = lost + ${by}, next_offset = next_offset + ${by}
      where partition = 0`;
  await lose(5);
  expect((await origin.read()).ledger).toMatchObject({ state: "differs", read: 1_205, lost: 5 });
  await lose(-5);

  const note = (command: string, status: string) =>
    place.sql`
      insert into transform.runs (run_id, command, status, started_at, finished_at)
      values (gen_random_uuid(), ${command}, ${status}, clock_timestamp(), clock_timestamp())`;
  await note("check", "failed");
  expect(await stateOf()).toBe("differs");
  await note("settle", "passed");
  expect(await stateOf()).toBe("differs");
  await note("check", "passed");
  expect(await stateOf()).toBe("exact");
  await note("settle", "failed");
  expect(await stateOf()).toBe("differs");
  await note("settle", "interrupted");
  expect(await stateOf()).toBe("differs");
  await note("deploy", "passed");
  expect(await stateOf()).toBe("exact");
  await note("check", "interrupted");
  expect(await stateOf()).toBe("exact");
  await origin.stop();
});

test("a thousand requests at once compute the numbers once, and constant asking once a second", async () => {
  const place = await platform.place("asked");
  const origin = await startOrigin(place);
  expect(await origin.computations()).toBe(0);
  const startMs = performance.now();
  const secondsBegun = () => Math.ceil((performance.now() - startMs) / 1_000);
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => origin.get("/summary")));
  const bodies = await Promise.all(answers.map((answer) => answer.text()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(bodies).size).toBeLessThanOrEqual(secondsBegun());
  expect(await origin.computations()).toBeLessThanOrEqual(secondsBegun());

  // No answer's age may contradict the start of its computation, at any time of the request.
  const beginnings = new Map<string, { from: number; to: number }>();
  const deadlineMs = performance.now() + 60_000;
  while (beginnings.size < 3) {
    if (performance.now() > deadlineMs)
      throw new Error(`${beginnings.size} computations were seen`);
    const askedMs = performance.now();
    const response = await origin.get("/summary");
    const answeredMs = performance.now();
    const ageMs = Number(response.headers.get(AGE_HEADER));
    const { as_of: computation } = (await response.json()) as Summary;
    const known = beginnings.get(computation) ?? { from: 0, to: Number.POSITIVE_INFINITY };
    const from = Math.max(known.from, askedMs - ageMs);
    const to = Math.min(known.to, answeredMs - ageMs);
    // The age is sent in whole milliseconds.
    expect(from).toBeLessThanOrEqual(to + 1);
    beginnings.set(computation, { from, to });
  }
  expect(await origin.computations()).toBeLessThanOrEqual(secondsBegun());
  await origin.stop();
});

test("an answer has no validator, since only the Worker asks and each computation differs", async () => {
  const origin = await startOrigin(await platform.place("sent"));
  for (const path of ["/summary", "/preview.png"]) {
    const { status, headers } = await origin.get(path, { headers: { "if-none-match": "*" } });
    expect([status, headers.get("etag")]).toEqual([200, null]);
  }
  const head = await origin.get("/summary", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  await origin.stop();
});

test("the image for links is a PNG of 1200 by 630, drawn once for all who ask within a minute", async () => {
  const origin = await startOrigin(await platform.place("drawn"));
  const images = await Promise.all(
    Array.from({ length: 20 }, async () => (await origin.get("/preview.png")).bytes()),
  );
  const [png] = images as [Uint8Array];
  expect(Buffer.from(png.slice(0, 8)).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  const header = new DataView(png.buffer, png.byteOffset);
  expect([header.getUint32(16), header.getUint32(20)]).toEqual([1_200, 630]);
  expect(new Set(images.map((image) => Bun.hash(image))).size).toBe(1);
  expect(await origin.computations()).toBe(1);
  await origin.stop();
});

test("a request without the secret learns nothing but whether it works", async () => {
  const place = await platform.place("guarded");
  const origin = await startOrigin(place);
  const secret = place.config.SUMMARY_SECRET!;
  const wrong = [{}, { authorization: "Bearer x" }, { authorization: secret }];
  const almost = [`Bearer ${secret}x`, `Bearer ${secret.slice(0, -1)}`, `Basic ${secret}`];
  for (const path of GUARDED) {
    for (const headers of [...wrong, ...almost.map((authorization) => ({ authorization }))]) {
      const response = await origin.ask(path, { headers: headers as Record<string, string> });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toStartWith("Bearer");
      const { error } = await response.json();
      expect(error).toContain("SUMMARY_SECRET");
      expect(error).not.toContain(secret);
    }
    expect((await origin.get(path)).status).toBe(200);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const refused = await origin.get(path, { method });
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
  }
  const health = await origin.ask("/healthz");
  expect([health.status, await health.json()]).toEqual([200, { ok: true }]);
  const unknown = await origin.get("/summary/");
  expect([unknown.status, await unknown.json()]).toEqual([404, { error: expect.any(String) }]);
  await origin.stop();
});

/** Waits for an answer with the status, and returns it. */
const untilStatus = (origin: Origin, path: string, status: number, msMax = 30_000) =>
  until(`${path} answers ${status}`, msMax, async () => {
    const response = await origin.get(path);
    if (response.status !== status) throw new Error(String(response.status));
    return response;
  });

test("it says 503 while a lock holds its statement up, ends in spite of it, and goes on when it is gone", async () => {
  const place = await platform.place("locked");
  const origin = await startOrigin(place);
  const other = await startOrigin(place);
  await origin.read();
  const released = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const lock = place.sql.begin(async (transaction) => {
    await transaction`lock table streaming.events_per_minute in access exclusive mode`;
    held.resolve();
    await released.promise;
  });
  await held.promise;
  const startMs = performance.now();
  const slow = await untilStatus(origin, "/summary", 503);
  expect(performance.now() - startMs).toBeLessThan(5_000);
  expect((await slow.json()).error).toContain("takes too long");
  expect(Number(slow.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(slow.headers.get("cache-control")).toBe("no-store");

  const asked = other.get("/summary").catch(() => undefined);
  const admin = connect(place.config, "admin");
  await until("the other one has asked", 10_000, async () => {
    const [row] = await admin`
      select count(*) from pg_stat_activity
      where application_name = 'summary' and wait_event_type = 'Lock'
        and datname = current_database()`;
    if (row?.count !== 2) throw new Error(`${row?.count} wait`);
  });
  await admin.end();
  const stopMs = performance.now();
  const stopped = await other.stop();
  expect([stopped.exitCode, stopped.log.at(-1)?.message]).toEqual([0, "Stopping"]);
  expect(performance.now() - stopMs).toBeLessThan(3_000);
  await asked;

  released.resolve();
  await lock;
  await untilStatus(origin, "/summary", 200);
  expect((await origin.stop()).log.map(({ message }) => message)).not.toContain(
    "Cannot read the numbers",
  );
});

test("it says 503 while PostgreSQL is frozen or killed, logs that once, and recovers without help", async () => {
  const place = await platform.place("killed");
  const origin = await startOrigin(place);
  await origin.read();
  const admin = connect(place.config, "admin");
  await admin`select 1`;
  const processId = await platform.processId("postgres");
  process.kill(processId, "SIGSTOP");
  try {
    await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'summary' and datname = current_database()`;
    const answer = await untilStatus(origin, "/summary", 503);
    expect((await answer.json()).error).toMatch(
      /^Cannot read the numbers: (something is wrong inside, and in its log|the database takes too long)$/,
    );
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    for (let request = 0; request < 20; request++) {
      expect((await origin.get("/summary")).status).toBe(503);
    }
  } finally {
    process.kill(processId, "SIGKILL");
  }
  await admin.end({ timeout: 0 });
  await untilStatus(origin, "/summary", 200, 60_000);
  await platform.untilReady();
  await origin.read();
  expect((await origin.ask("/healthz")).status).toBe(200);
  const { log } = await origin.stop();
  expect(log.map(({ message }) => message)).toEqual([
    "Listening",
    "Cannot read the numbers",
    "The numbers can be read again",
    "Stopping",
  ]);
});

test("without a PostgreSQL it starts, says 503 and tells strangers neither where nor why", async () => {
  const place = await platform.place("alone");
  const origin = await startOrigin(place, { POSTGRES_PORT: "9", POSTGRES_DB: "unspeakable" });
  for (const path of ["/summary", "/preview.png"]) {
    const response = await untilStatus(origin, path, 503);
    expect(await response.json()).toEqual({
      error: "Cannot read the numbers: something is wrong inside, and in its log",
    });
  }
  const health = await untilStatus(origin, "/healthz", 503);
  expect(await health.json()).toEqual({
    ...{ ok: false, waitingFor: "PostgreSQL" },
    since: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const { log } = await origin.stop();
  expect(log.map(({ message }) => message)).toEqual([
    "Listening",
    "Cannot read the numbers",
    "Stopping",
  ]);
  expect(JSON.stringify(log[1])).toContain("127.0.0.1:9");
  expect(JSON.stringify(log)).not.toContain(place.config.POSTGRES_READ_PASSWORD!);
});

test("it logs what PostgreSQL itself objects to, and says nothing of it to strangers", async () => {
  const place = await platform.place("objecting");
  await place.sql`revoke select on streaming.consumer_offsets from streaming_read`;
  const origin = await startOrigin(place);
  const answer = await untilStatus(origin, "/summary", 503);
  expect((await answer.json()).error).toBe(
    "Cannot read the numbers: something is wrong inside, and in its log",
  );
  await place.sql`grant select on streaming.consumer_offsets to streaming_read`;
  await origin.read();
  const [, failure] = (await origin.stop()).log;
  expect(failure).toMatchObject({
    properties: { reason: "PostgreSQL answers: permission denied for table consumer_offsets" },
  });
});

test("it reads with a role that cannot write, nor read what is rejected", async () => {
  const place = await platform.place("readonly");
  const sql = connect(place.config, "read");
  const denied = [
    "insert into streaming.user_events values (1, 'view', 1, now(), now())",
    "update streaming.consumer_offsets set stored = 0",
    "delete from transform.runs",
    "truncate streaming.events_per_minute",
    "create table streaming.mine (id int)",
    "select payload from streaming.dead_letters",
  ];
  for (const statement of denied) {
    const failure = await sql.unsafe(statement).then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    expect([statement, failure]).toEqual([statement, "42501"]);
  }
  await sql.end();
});

test("summary says what to do when its port is taken or a secret is missing", async () => {
  const place = await platform.place("refused");
  const origin = await startOrigin(place);
  const taken = await run(
    { ...place.environment, SUMMARY_PORT: String(origin.port) },
    "scripts/summary.ts",
  );
  expect([taken.exitCode, taken.stderr]).toEqual([
    1,
    `Cannot listen on 127.0.0.1:${origin.port}: the port is in use; end what uses it or set SUMMARY_PORT\n`,
  ]);
  await origin.stop();
  const { SUMMARY_SECRET: _, ...environment } = place.environment;
  const secretless = await run(environment, "scripts/summary.ts");
  expect([secretless.exitCode, secretless.stderr]).toEqual([
    2,
    "Cannot start the summary: not set are SUMMARY_SECRET; `bun run up` generates them\n",
  ]);
});
