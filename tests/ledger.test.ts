/** verify, replay and dead-letters on real tables: they find the faults, and repair them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openKafka } from "../scripts/kafka/open.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow, start } from "./harness/script.ts";
import { differences, readCounts, readDays, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const EVENTS = 3_000;

/** A place in which a file of events and three broken records have been counted. */
async function countedPlace(name: string) {
  const place = await platform.place(name);
  const { lines, counts, days } = makeEvents(EVENTS);
  const path = writeLines(place, lines);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
  await sendRaw(place, ["{broken", "", `{"event_id":"1"}`]);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, EVENTS + 3);
  await stopConsumer(consumer);
  return { place, counts, days, path };
}

async function sendRaw(place: Place, values: string[]): Promise<void> {
  await sendRecords(
    place.config,
    values.map((value) => ({ key: "5", value })),
  );
}

async function verify(place: Place) {
  const { exitCode, stdout } = await run(place.environment, "scripts/verify.ts", [
    "--json",
    "--recount",
  ]);
  return { exitCode, firstDifference: JSON.parse(stdout).firstDifference as string | null };
}

async function correctedUsers(place: Place): Promise<number[]> {
  const rows =
    await place.sql`select distinct user_id from streaming.corrected_users order by user_id`;
  return rows.map(({ user_id }) => user_id);
}

const damages: [string, string, string][] = [
  [
    "a count is too high",
    "consumer → user_events",
    "update streaming.user_events set event_count = event_count + 1 where user_id = 7",
  ],
  [
    "a minute is missing",
    "user_events → events_per_minute",
    "delete from streaming.events_per_minute where minute = (select min(minute) from streaming.events_per_minute)",
  ],
  [
    "types are exchanged",
    "user_events → events_per_minute",
    "update streaming.events_per_minute set event_count = event_count + case event_type when 'view' then 1 else -1 end where event_type in ('view', 'click') and partition = 0 and minute = (select min(minute) from streaming.events_per_minute where partition = 0)",
  ],
  [
    "a dead letter is gone",
    "consumer → dead_letters",
    `delete from streaming.dead_letters where "offset" = (select max("offset") from streaming.dead_letters)`,
  ],
  [
    "an event was booked as duplicate",
    "consumer → user_events",
    "update streaming.consumer_offsets set stored = stored - 1, duplicates = duplicates + 1 where partition = 0",
  ],
];

test("verify names the first hop that differs when a table is damaged, and none before and after", async () => {
  const { place } = await countedPlace("verified");
  expect(await verify(place)).toEqual({ exitCode: 0, firstDifference: null });
  for (const [damage, hop, statement] of damages) {
    const found = await place.sql
      .begin(async (transaction) => {
        await transaction`create schema kept`;
        for (const table of [
          "user_events",
          "events_per_minute",
          "dead_letters",
          "consumer_offsets",
        ]) {
          await transaction.unsafe(`create table kept.${table} as table streaming.${table}`);
        }
        await transaction.unsafe(statement);
      })
      .then(() => verify(place));
    expect([damage, found]).toEqual([damage, { exitCode: 1, firstDifference: hop }]);
    await place.sql.begin(async (transaction) => {
      for (const table of [
        "user_events",
        "events_per_minute",
        "dead_letters",
        "consumer_offsets",
      ]) {
        await transaction.unsafe(
          `truncate streaming.${table}; insert into streaming.${table} select * from kept.${table}`,
        );
      }
      await transaction`drop schema kept cascade`;
    });
  }
  expect(await verify(place)).toEqual({ exitCode: 0, firstDifference: null });
});

test("verify reads the log again and finds the difference when counts agree among themselves", async () => {
  const { place } = await countedPlace("recounted");
  // One event fewer everywhere: only the log itself still has it.
  await place.sql.begin(async (transaction) => {
    const [victim] = await transaction`
      select event_type, partition, minute from streaming.events_per_minute
      where event_count > 1 limit 1`;
    await transaction`
      update streaming.events_per_minute set event_count = event_count - 1
      where event_type = ${victim?.event_type} and partition = ${victim?.partition}
        and minute = ${victim?.minute}`;
    await transaction`
      update streaming.user_events set event_count = event_count - 1
      where event_type = ${victim?.event_type} and user_id = (
        select min(user_id) from streaming.user_events
        where event_type = ${victim?.event_type} and event_count > 1)`;
    await transaction`
      update streaming.consumer_offsets set stored = stored - 1, duplicates = duplicates + 1
      where partition = ${victim?.partition}`;
  });
  expect((await run(place.environment, "scripts/verify.ts")).exitCode).toBe(0);
  expect(await verify(place)).toEqual({ exitCode: 1, firstDifference: "log → tables, read again" });
});

test("replay finds nothing to change when the tables are right", async () => {
  const { place } = await countedPlace("equal");
  const { stdout, exitCode } = await run(place.environment, "scripts/replay.ts", ["--json"]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    records: EVENTS + 3,
    differences: {
      user_events: 0,
      user_active_days: 0,
      events_per_minute: 0,
      consumer_offsets: 0,
      dead_letters: 0,
    },
  });
  expect(await correctedUsers(place)).toEqual([]);
});

test("replay makes every table right again when all were damaged, and --check only says so", async () => {
  const { place, counts, days } = await countedPlace("damaged");
  await place.sql`update streaming.user_events set event_count = event_count + 3 where user_id < 9`;
  await place.sql`delete from streaming.user_events where user_id between 10 and 14`;
  await place.sql`
    insert into streaming.user_events values (999, 'view', 5, now(), now())`;
  await place.sql`update streaming.events_per_minute set event_count = 77 where partition = 2`;
  await place.sql`delete from streaming.dead_letters`;
  await place.sql`delete from streaming.user_active_days where user_id between 20 and 21`;
  await place.sql`insert into streaming.user_active_days values (22, '1969-12-31')`;
  const checked = await run(place.environment, "scripts/replay.ts", ["--check"]);
  expect(checked.exitCode).toBe(1);
  expect(checked.stdout).toContain("Nothing was changed");
  expect((await verify(place)).exitCode).toBe(1);

  const replayed = await run(place.environment, "scripts/replay.ts");
  expect([replayed.exitCode, replayed.stderr]).toEqual([0, ""]);
  expect(replayed.stdout).toContain("Took over what differs");
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect(await readDays(place.sql)).toEqual(days);
  expect(await verify(place)).toEqual({ exitCode: 0, firstDifference: null });
});

test("replay tells who reads only changes of every user that it corrects", async () => {
  const { place } = await countedPlace("corrected");
  await place.sql`
    update streaming.user_events set event_count = event_count + 1
    where user_id = 3 and event_type = 'click'`;
  await place.sql`
    update streaming.user_events set event_count = event_count - 1
    where user_id = 4 and event_type = 'click'`;
  await place.sql`insert into streaming.user_events values (999, 'view', 5, now(), now())`;
  await place.sql`
    delete from streaming.user_active_days where user_id = 20 and day = '2025-12-31'`;
  await place.sql`insert into streaming.user_active_days values (22, '1969-12-31')`;
  const [before] = await place.sql`select pg_current_xact_id()::text::bigint as xid`;
  expect(await correctedUsers(place)).toEqual([]);

  await runOrThrow(place.environment, "scripts/replay.ts");
  // A reader of changes sees a count that rises again by its row, and one that falls, or a day, by
  // a note.
  expect(await correctedUsers(place)).toEqual([3, 20, 22, 999]);
  const rows = await place.sql`
    select user_id, event_type from streaming.user_events
    where updated_xid > ${before?.xid} order by user_id`;
  expect(rows.map(({ user_id, event_type }) => [user_id, event_type])).toEqual([
    [3, "click"],
    [4, "click"],
  ]);
});

test("replay takes over while events arrive, and readers never see a gap", async () => {
  const { place } = await countedPlace("running");
  await place.sql`update streaming.user_events set event_count = event_count + 100`;
  const consumer = await startConsumer(place);
  const load = start(place.environment, "scripts/produce.ts", [
    ...["--rate", "2000", "--users", "50", "--duration", "12s"],
  ]);
  await untilRead(place.sql, EVENTS + 2_000);
  const totals: number[] = [];
  const replaying = runOrThrow(place.environment, "scripts/replay.ts");
  const replayed = replaying.then(() => true);
  while (!(await Promise.race([replayed, Promise.resolve(false)]))) {
    const [row] =
      await place.sql`select sum(event_count)::bigint as total from streaming.user_events`;
    totals.push(row?.total);
  }
  expect(totals.length).toBeGreaterThan(3);
  // Each wrong row was 100 too high; apart from that one step down, counts only grow.
  const falls = totals.filter((total, index) => index > 0 && total < (totals[index - 1] as number));
  expect(falls.length).toBe(1);
  expect(Math.min(...totals)).toBeGreaterThanOrEqual(EVENTS);
  expect(await load.exited).toBe(0);
  await runOrThrow(place.environment, "scripts/verify.ts", ["--wait", "60", "--recount"]);
  await stopConsumer(consumer);
});

test("replay refuses when retention has deleted a part of what was counted", async () => {
  const { place } = await countedPlace("shortened");
  const { topics } = openKafka(place.config, { clientId: "test" });
  await topics.deleteRecords("shortened", new Map([[1, 5]]));
  const refused = await run(place.environment, "scripts/replay.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the log of partition 1 begins at 5, counting began at 0");
});

test("dead-letters lists, shows, replays and purges when records were rejected", async () => {
  const { place } = await countedPlace("letters");
  const deadLetters = async (...args: string[]) =>
    JSON.parse(await runOrThrow(place.environment, "scripts/dead-letters.ts", [...args, "--json"]));
  const listed = await deadLetters("list");
  expect(listed.counts).toEqual([
    { reason: "bad_event_id", count: 1, open: 1 },
    { reason: "bad_json", count: 1, open: 1 },
    { reason: "empty", count: 1, open: 1 },
  ]);
  const broken = listed.letters.find(({ reason }: { reason: string }) => reason === "bad_json");
  const where = `${broken.partition}:${broken.offset}`;
  const shown = await deadLetters("show", where);
  expect(Buffer.from(shown.payloadBase64, "base64").toString()).toBe("{broken");

  const [event] = makeEvents(1, { seed: 99 }).lines;
  const payload = join(place.config.STATE_DIR, "corrected.json");
  writeFileSync(payload, event as string);
  expect(await deadLetters("replay", where, "--payload", payload)).toEqual({
    replayed: 1,
    kept: 0,
  });
  const consumer = await startConsumer(place);
  expect((await untilRead(place.sql, EVENTS + 4)).stored).toBe(EVENTS + 1);
  await stopConsumer(consumer);

  expect(await deadLetters("purge", "--reason", "bad_event_id")).toEqual({ purged: 1 });
  expect((await deadLetters("list")).letters).toHaveLength(1);
  expect(await verify(place)).toEqual({ exitCode: 0, firstDifference: null });
});

test("dead-letters refuses to replay or purge everything by mistake", async () => {
  const place = await platform.place("careful");
  for (const action of ["replay", "purge"]) {
    const refused = await run(place.environment, "scripts/dead-letters.ts", [action]);
    expect([action, refused.exitCode]).toEqual([action, 2]);
    expect(refused.stderr).toContain("or say --all");
  }
  const missing = await run(place.environment, "scripts/dead-letters.ts", ["show", "0:123"]);
  expect([missing.exitCode, missing.stderr]).toEqual([
    1,
    "Cannot find dead letter 0:123: there is none\n",
  ]);
});

test("verify refuses an option that it does not have", async () => {
  const refused = await run({ PATH: process.env.PATH ?? "" }, "scripts/verify.ts", ["--recuont"]);
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    "Cannot use --recuont: there is no such flag; did you mean --recount?\n",
  ]);
});

test("verify waits for the consumer when it is told to", async () => {
  const { place, path } = await countedPlace("waited");
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
  const consumer = await startConsumer(place);
  const stdout = await runOrThrow(place.environment, "scripts/verify.ts", ["--wait", "60"]);
  expect(stdout).toContain(`${2 * EVENTS + 3} read = ${EVENTS} stored + ${EVENTS} duplicates`);
  await stopConsumer(consumer);
});
