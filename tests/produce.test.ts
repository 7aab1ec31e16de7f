/** The producer against a real Kafka: its report and the topic agree. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kafkaDependency } from "../scripts/kafka/dependency.ts";
import { encodeAnyRecords } from "../scripts/kafka/encode-records.ts";
import type { Kafka } from "../scripts/kafka/log.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { readLog } from "../scripts/kafka/read-log.ts";
import { type RecordBatch, RecordCursor } from "../scripts/kafka/record-cursor.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { connect } from "../scripts/produce/delivery/connect.ts";
import type { Summary } from "../scripts/produce/report.ts";
import { makeEvents } from "./harness/events.ts";
import { run, runOrThrow, start } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";

setDefaultTimeout(300_000);

const PARTITIONS = 4;
const SCRIPT = "scripts/produce.ts";

let stack: Stack;
let kafka: Kafka;
beforeAll(async () => {
  stack = await startStack({ services: ["kafka"] });
  kafka = openKafka(stack.config, { clientId: "produce-test" });
});
afterAll(() => stack.stop());

async function createTopic(topic: string): Promise<string> {
  const wanted = { name: topic, partitions: PARTITIONS, replicationFactor: 1, settings: {} };
  // Kafka needs time after the tests that stop or kill it.
  await until(`the topic ${topic} is ready`, 60_000, async () => {
    await kafka.topics.create(wanted);
    const { size } = await kafka.logState(topic);
    if (size < PARTITIONS) throw new Error(`${size} partitions`);
  });
  return topic;
}

async function endOffsets(topic: string): Promise<number[]> {
  const log = await kafka.logState(topic);
  return [...log].sort(([a], [b]) => a - b).map(([, { logEnd }]) => logEnd);
}

/** The values of each partition, in order; checks on the way that the key is the user id. */
async function readTopic(topic: string): Promise<string[][]> {
  const offsets = await endOffsets(topic);
  const values: string[][] = offsets.map(() => []);
  const cursor = new RecordCursor();
  const ranges = new Map(offsets.map((to, partition) => [partition, { from: 0, to }]));
  const keep = (partition: number, batch: RecordBatch) => {
    cursor.open(batch);
    while (cursor.next()) {
      const text = (at: number, length: number) =>
        Buffer.from(cursor.bytes.buffer, cursor.bytes.byteOffset + at, length).toString();
      const key = text(cursor.keyStart, cursor.keyLength);
      const value = text(cursor.valueStart, cursor.valueLength);
      if (!value.includes(`"user_id":${key},`)) throw new Error(`key ${key}, value ${value}`);
      values[partition]![cursor.offset] = value;
    }
  };
  // The first reader of a new cluster may fail while Kafka creates the topic for its offsets.
  await until("the topic is read", 60_000, () => readLog(kafka, topic, ranges, keep));
  return values;
}

/** Runs the producer to its end, and expects success. */
async function produce(topic: string, args: string[], stdin?: string): Promise<Summary> {
  const all = ["--topic", topic, "--json", ...args];
  return JSON.parse(await runOrThrow(stack.settings, SCRIPT, all, stdin));
}

const summaryOf = async (program: { stdout: ReadableStream }) =>
  (await new Response(program.stdout).json()) as Summary;

function writeInput(name: string, text: string): string {
  const path = join(stack.config.STATE_DIR, name);
  writeFileSync(path, text);
  return path;
}

async function kafkaProcessId(): Promise<number> {
  const status = JSON.parse(await runOrThrow(stack.settings, "scripts/status.ts", ["--json"]));
  return status.find((row: { service: string }) => row.service === "kafka").processId;
}

test("produce sends each row of a file as it is, users' rows in order", async () => {
  const topic = await createTopic("rows");
  const { lines } = makeEvents(20_000);
  const path = writeInput("rows.ndjson", lines.join("\n"));
  expect(await produce(topic, ["--from", path])).toMatchObject({
    sent: 20_000,
    rejected: 0,
    unsent: 0,
  });
  const values = await readTopic(topic);
  expect(values.flat().sort()).toEqual(lines.toSorted());
  const userOf = (line: string) => /"user_id":(\d+)/.exec(line)![1]!;
  for (const partition of values) {
    const users = new Set(partition.map(userOf));
    // All rows of these users, and in the order of the file.
    expect(partition.length).toBe(lines.filter((line) => users.has(userOf(line))).length);
    for (const user of users) {
      expect(partition.filter((line) => userOf(line) === user)).toEqual(
        lines.filter((line) => userOf(line) === user),
      );
    }
  }
});

test("produce gives the rows of a foreign CSV the same ids each time, from a file or a pipe", async () => {
  const topic = await createTopic("foreign");
  const rows = Array.from({ length: 3_000 }, (_, index) => {
    const type = ["clicks", "carts", "orders"][index % 3];
    return `${1_659_304_800_000 + index},${index % 20},${index},${type}`;
  });
  const text = `ts,session,aid,type\r\n${rows.join("\r\n")}\r\n`;
  const flags = [
    ...["--map", "user_id=session,event_type=type,created_at=ts", "--user-offset", "1"],
    ...["--types", "view=clicks,click=carts,purchase=orders"],
  ];
  const path = writeInput("foreign.csv", text);
  expect(await produce(topic, ["--from", path, ...flags])).toMatchObject({
    sent: 3_000,
    rejected: 0,
  });
  const once = (await readTopic(topic)).flat();
  expect(await produce(topic, ["--from", "-", ...flags], text)).toMatchObject({ sent: 3_000 });
  const twice = (await readTopic(topic)).flat();
  expect(twice.length).toBe(6_000);
  expect(new Set(twice).size).toBe(3_000);
  const found = once.map((value) => {
    const { event_id: _, ...fields } = JSON.parse(value);
    return JSON.stringify(fields);
  });
  const ours = { clicks: "view", carts: "click", orders: "purchase" };
  const expected = rows.map((row) => {
    const [ts, session, , type] = row.split(",");
    return JSON.stringify({
      user_id: Number(session) + 1,
      event_type: ours[type as keyof typeof ours],
      created_at: new Date(Number(ts)).toISOString(),
    });
  });
  expect(found.sort()).toEqual(expected.sort());
});

test("produce leaves out bad rows, names their lines, and stops at the first when strict", async () => {
  const topic = await createTopic("bad_rows");
  const { lines } = makeEvents(10);
  const text = [
    lines[0],
    "{",
    ...lines.slice(1, 5),
    lines[5]!.replace("user_id", "user"),
    lines[6],
  ].join("\n");
  const args = ["--topic", topic, "--json", "--from", "-"];
  const tolerant = await run(stack.settings, SCRIPT, args, text);
  expect(JSON.parse(tolerant.stdout)).toMatchObject({
    sent: 6,
    rejected: 2,
    rejects: { bad_json: 1, bad_user_id: 1 },
    ended: "done",
  });
  expect(tolerant.exitCode).toBe(0);
  expect(tolerant.stderr).toContain("line 2: bad_json");
  expect(tolerant.stderr).toContain("line 7: bad_user_id: user_id is missing");
  const strict = await run(stack.settings, SCRIPT, [...args, "--strict"], text);
  expect(JSON.parse(strict.stdout)).toMatchObject({ sent: 1, rejected: 1, ended: "strict" });
  expect(strict.exitCode).toBe(1);
  expect(sum(await endOffsets(topic))).toBe(7);
});

test("produce sends the same bytes in the same order when Kafka is killed on the way", async () => {
  const flags = ["--rate", "0", "--count", "600000", "--seed", "kill", "--start", "2026-01-01"];
  const calm = await createTopic("calm");
  await produce(calm, flags);
  const stormy = await createTopic("stormy");
  const program = start(stack.settings, SCRIPT, ["--topic", stormy, "--json", ...flags]);
  await until("events arrive", 30_000, async () => {
    if (sum(await endOffsets(stormy)) === 0) throw new Error("not yet");
  });
  let stored = 0;
  for (let kills = 0; kills < 3 && stored < 600_000; kills++) {
    process.kill(await kafkaProcessId(), "SIGKILL");
    stored = await until("Kafka is back and more is stored", 90_000, async () => {
      const now = sum(await endOffsets(stormy));
      if (now === stored) throw new Error(`still ${now}`);
      return now;
    });
  }
  const [summary, stderr, exitCode] = await Promise.all([
    summaryOf(program),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  expect(exitCode).toBe(0);
  expect(summary).toMatchObject({ sent: 600_000, unsent: 0 });
  expect(stderr).toContain("Kafka is away, and ");
  expect(stderr).toContain("Kafka is back after");
  // No event is missing, none is there twice, and none has moved.
  expect(await readTopic(stormy)).toEqual(await readTopic(calm));
});

test("produce reports on SIGINT exactly what the topic holds", async () => {
  const topic = await createTopic("interrupted");
  const program = start(stack.settings, SCRIPT, ["--topic", topic, "--json", "--rate", "0"]);
  await until("events arrive", 30_000, async () => {
    if (sum(await endOffsets(topic)) < 50_000) throw new Error("not yet");
  });
  program.kill("SIGINT");
  const summary = await summaryOf(program);
  expect(await program.exited).toBe(0);
  expect(summary).toMatchObject({ ended: "signal", unsent: 0, sent: sum(await endOffsets(topic)) });
});

test("produce gives up and says so when it is stopped while Kafka does not answer", async () => {
  const topic = await createTopic("silent");
  const program = start(stack.settings, SCRIPT, ["--topic", topic, "--json", "--rate", "0"]);
  const impatient = start(stack.settings, SCRIPT, ["--topic", topic, "--rate", "0"]);
  await until("events arrive", 30_000, async () => {
    if (sum(await endOffsets(topic)) < 50_000) throw new Error("not yet");
  });
  const processId = await kafkaProcessId();
  process.kill(processId, "SIGSTOP");
  try {
    program.kill("SIGTERM");
    impatient.kill("SIGINT");
    await until("a second signal ends it", 10_000, async () => {
      impatient.kill("SIGINT");
      if (impatient.exitCode === null) throw new Error("still there");
    });
    expect(impatient.exitCode).toBe(130);
    const summary = await summaryOf(program);
    expect(summary.ended).toBe("failure");
    expect(summary.unsent).toBeGreaterThan(0);
    expect(await program.exited).toBe(1);
  } finally {
    process.kill(processId, "SIGCONT");
  }
  expect(await new Response(program.stderr).text()).toContain("gave up waiting");
});

test("connect() goes on with a new producer before sequence numbers run out", async () => {
  const topic = await createTopic("sequences");
  const dependency = kafkaDependency(stack.config, { onAway() {}, onBack() {} });
  const options = { waitMs: 0, sequenceMax: 10 };
  const connection = await connect(stack.config, topic, dependency, options);
  const messages = makeEvents(42, { users: 1 }).lines.map((value) => ({ key: "1", value }));
  for (let at = 0; at < messages.length; at += 4) {
    await connection.send(2, messages.slice(at, at + 4));
  }
  await connection.close();
  expect((await readTopic(topic))[2]).toEqual(messages.map(({ value }) => value));
});

test("append() refuses a second request for a partition while one is under way", async () => {
  const appender = await kafka.openAppender(await createTopic("lanes"));
  const batch = encodeAnyRecords([{ key: "1", value: "x" }]);
  const first = appender.append(1, batch);
  await expect(appender.append(1, batch)).rejects.toThrow("Cannot append to partition 1 twice");
  await Promise.all([first, appender.append(2, batch)]);
  await appender.append(1, batch);
  await appender.close();
  expect(await endOffsets("lanes")).toEqual([0, 2, 1, 0]);
});

test("produce keeps the rate it was asked for", async () => {
  const topic = await createTopic("paced");
  const summary = await produce(topic, ["--rate", "2000", "--duration", "3s"]);
  expect(summary.sent).toBeWithin(5_800, 6_050);
  expect(summary.ended).toBe("duration");
});

test("produce says what to do when the topic or Kafka is not there, or a flag is wrong", async () => {
  const missing = await run(stack.settings, SCRIPT, ["--topic", "nowhere"]);
  expect(missing.exitCode).toBe(1);
  expect(missing.stderr).toContain(
    "topic nowhere: it does not exist; create it with `bun run migrate`",
  );
  const nobody = { ...stack.settings, KAFKA_BROKERS: "127.0.0.1:1" };
  const unreachable = await run(nobody, SCRIPT, ["--wait", "0"]);
  expect(unreachable.exitCode).toBe(1);
  expect(unreachable.stderr).toContain("Cannot reach Kafka at 127.0.0.1:1");
  expect(unreachable.stderr).toContain("`bun run up kafka`, or set KAFKA_BROKERS");
  const wrong = await run(stack.settings, SCRIPT, ["--rate", "fast"]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toContain("Cannot use --rate fast: it must be a number");
});
