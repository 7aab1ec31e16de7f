/**
 * Data that is put back from an older copy, or gone: Kafka's, or PostgreSQL's. Counting goes on
 * exactly, or stops and names the command that works. That command is run as it is printed.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openKafka } from "../scripts/kafka/open.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents, sumCounts, type TestEvents } from "./harness/events.ts";
import { type Place, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { finish, run, runOrThrow, start } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";
import { differences, readCounts, untilRead } from "./harness/tables.ts";
import { createTopic } from "./harness/topics.ts";

setDefaultTimeout(600_000);

const SERVICES = ["kafka", "postgres", "consumer"];
const NOTICED_MS_MAX = 15_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ services: SERVICES });
});
afterAll(() => stack.stop());

const up = (...services: string[]) => run(stack.settings, "scripts/up.ts", services);
const down = (...words: string[]) => runOrThrow(stack.settings, "scripts/down.ts", words);
const verify = () => run(stack.settings, "scripts/verify.ts");
const folder = (name: string) => join(stack.config.STATE_DIR, name);

async function upOrThrow(...services: string[]): Promise<void> {
  const { exitCode, stderr } = await up(...services);
  expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
}

/** Copies a folder with the owners of its files. */
function copy(from: string, to: string): void {
  rmSync(folder(to), { recursive: true, force: true });
  const { exitCode } = Bun.spawnSync(["cp", "-a", folder(from), folder(to)]);
  expect(exitCode).toBe(0);
}

const place = (sql: Sql): Place => ({ environment: stack.settings, config: stack.config, sql });

async function withTables<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = connect(stack.config, "owner");
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const send = ({ lines }: TestEvents) =>
  withTables((sql) =>
    runOrThrow(stack.settings, "scripts/produce.ts", ["--from", writeLines(place(sql), lines)]),
  );

const expectCounted = (records: number, ...lots: TestEvents[]) =>
  withTables(async (sql) => {
    await untilRead(sql, records);
    const expected = sumCounts(...lots.map(({ counts }) => counts));
    expect(differences(expected, await readCounts(sql))).toEqual([]);
    await expectVerified(place(sql));
  });

/** Runs the one command that the message names, and starts the services again. */
async function obey(message: string): Promise<void> {
  const commands = [...message.matchAll(/`bun run (down [^`]+)`/g)].map(([, command]) => command);
  expect([...new Set(commands)]).toHaveLength(1);
  await down(...(commands[0] as string).split(" ").slice(1), "--yes");
  await upOrThrow(...SERVICES);
}

/** The state and the reason of the consumer, as `status` says them. */
async function consumerStatus(): Promise<string> {
  const { stdout } = await run(stack.settings, "scripts/status.ts", ["consumer", "--json"]);
  const [row] = JSON.parse(stdout);
  return `${row.state}: ${row.reason}`;
}

/** Waits until `status` says why nothing is counted, and verify differs. */
async function expectStopped(reason: string, difference: string): Promise<void> {
  await until(`status says: ${reason}`, 60_000, async () =>
    expect(await consumerStatus()).toContain(reason),
  );
  const { exitCode, stdout } = await verify();
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining(difference)]);
}

/** A stack without data. */
async function begin(): Promise<void> {
  await down("--wipe", "--yes");
  await upOrThrow(...SERVICES);
}

const first = makeEvents(1_000, { seed: 1 });
const second = makeEvents(1_000, { seed: 2 });
const third = makeEvents(6_000, { seed: 3 });

test("the command that up prints leads to exact counts when Kafka's data was deleted", async () => {
  await send(first);
  await expectCounted(1_000, first);
  await down();
  rmSync(folder("kafka"), { recursive: true });
  const refused = await up(...SERVICES, "producer");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the topic has been deleted");
  await obey(refused.stderr);
  await send(second);
  await expectCounted(1_000, second);
});

test("consume goes on exactly when an older copy of the database is put back", async () => {
  await begin();
  await send(first);
  await expectCounted(1_000, first);
  await down();
  copy("postgres", "copy-of-postgres");
  await upOrThrow(...SERVICES);
  await send(second);
  await expectCounted(2_000, first, second);
  await down();
  copy("copy-of-postgres", "postgres");
  await upOrThrow(...SERVICES);
  await expectCounted(2_000, first, second);
});

test("consume stops, and the command that it prints works, when an older copy of Kafka's data is put back", async () => {
  await begin();
  await send(first);
  await expectCounted(1_000, first);
  await down();
  copy("kafka", "copy-of-kafka");
  await upOrThrow(...SERVICES);
  await send(second);
  await expectCounted(2_000, first, second);
  await down();
  copy("copy-of-kafka", "kafka");
  const short = await up(...SERVICES);
  expect(short.exitCode).toBe(1);
  expect(short.stderr).toMatch(/offsets have been counted but the log ends at \d+/);

  await upOrThrow("kafka", "postgres");
  await send(third);
  const grown = await up(...SERVICES);
  expect(grown.exitCode).toBe(1);
  expect(grown.stderr).toMatch(/the log holds another record at offset \d+ than was counted/);
  await upOrThrow("kafka", "postgres");
  const { exitCode, stdout } = await verify();
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining("another record at offset")]);
  await obey(grown.stderr);
  await expectCounted(7_000, first, third);
});

test("consume stops before it counts other records when Kafka comes back with an older copy", async () => {
  await begin();
  await send(first);
  await expectCounted(1_000, first);
  await down();
  copy("kafka", "copy-of-kafka");
  await upOrThrow("kafka", "postgres");
  await withTables(async (sql) => {
    const consumer: ConsumerProcess = await startConsumer(place(sql));
    await untilJoined(consumer);
    await send(second);
    await untilRead(sql, 2_000);
    await down("kafka");
    copy("copy-of-kafka", "kafka");
    await upOrThrow("kafka");
    await send(third);
    await until("the consumer says why it has stopped", NOTICED_MS_MAX, async () => {
      const response = await askHealth(consumer);
      expect([response.status, await response.text()]).toEqual([
        503,
        expect.stringMatching(/the log ends at|the log holds another record/),
      ]);
    });
    expect(await consumer.exited).toBe(1);
    const expected = sumCounts(first.counts, second.counts);
    expect(differences(expected, await readCounts(sql))).toEqual([]);
  });
  await up("consumer");
  expect((await verify()).exitCode).toBe(1);
});

test("the supervised consumer is named by status when its topic is created again", async () => {
  await begin();
  await send(first);
  await expectCounted(1_000, first);
  const { config } = stack;
  const { topics } = openKafka(config, { clientId: "test" });
  await topics.delete(config.KAFKA_TOPIC);
  await createTopic(stack.config);
  await expectStopped("deleted and created again", "in another topic of this name");
});

test("produce ends and says why when another cluster answers at the address", async () => {
  await begin();
  const producer = start(stack.settings, "scripts/produce.ts", ["--rate", "20"]);
  await withTables((sql) => untilRead(sql, 20));
  await down("kafka");
  rmSync(folder("kafka"), { recursive: true });
  await upOrThrow("kafka");
  await createTopic(stack.config);
  const { exitCode, stderr } = await finish(producer);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("it is another cluster")]);
  const log = await openKafka(stack.config, { clientId: "test" }).logState(
    stack.config.KAFKA_TOPIC,
  );
  expect([...log.values()].map(({ logEnd }) => logEnd)).toEqual([0, 0, 0, 0]);
});
