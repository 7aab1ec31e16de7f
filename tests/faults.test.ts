/** Consumers, the broker and the database are killed under load; the counts must come out exact. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../scripts/lib/wait.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { makeEvents, randomNumbers } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { start } from "./harness/script.ts";
import { differences, readCounts, readLedger } from "./harness/tables.ts";

setDefaultTimeout(900_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

/** Reads the ledger over a connection that the test's own kills may have broken. */
const readPatiently = (place: Place) =>
  until("the ledger can be read", 120_000, () => readLedger(place.sql));

test("consume counts 1,000,000 events once when consumer, broker and database are killed 20 times", async () => {
  const KILLS = 20;
  const place = await platform.place("killed");
  const { lines, counts } = makeEvents(1_000_000, { users: 1_000 });
  const path = writeLines(place, lines);
  const random = randomNumbers(Number(process.env.KILL_SEED ?? Date.now() % 100_000));
  const load = start(place.environment, "scripts/produce.ts", ["--from", path, "--rate", "15000"]);
  const consumers = [await startConsumer(place), await startConsumer(place)];
  const killed: string[] = [];
  while (killed.length < KILLS) {
    const before = (await readPatiently(place)).read;
    await until("counting goes on", 180_000, async () => {
      const { read } = await readLedger(place.sql);
      const step = 1_000 + Math.floor(random() * 30_000);
      if (read < Math.min(before + step, 1_000_000)) throw new Error(`${read} are read`);
    });
    const victim = (["consumer", "consumer", "kafka", "postgres"] as const)[
      Math.floor(random() * 4)
    ] as "consumer" | "kafka" | "postgres";
    if (victim === "consumer") {
      const [oldest] = consumers.splice(0, 1);
      oldest?.kill("SIGKILL");
      consumers.push(await startConsumer(place));
    } else process.kill(await platform.processId(victim), "SIGKILL");
    killed.push(victim);
  }
  expect(await load.exited).toBe(0);
  await platform.untilReady();
  await until("every event is counted", 300_000, async () => {
    const { stored } = await readLedger(place.sql);
    if (stored < 1_000_000) throw new Error(`${stored} are`);
  });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  await expectVerified(place);
  for (const consumer of consumers) expect(await stopConsumer(consumer)).toBe(0);
});
