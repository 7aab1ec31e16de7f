/**
 * A producer of few events waits for Kafka from its first connection to its last flush. It says how
 * many events it holds, and gives up only when it is told to.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKafka } from "../scripts/kafka/open.ts";
import { readLog } from "../scripts/kafka/read-log.ts";
import { RecordCursor } from "../scripts/kafka/record-cursor.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import type { Summary } from "../scripts/produce/report.ts";
import { Cluster } from "./harness/cluster.ts";
import { makeEvents } from "./harness/events.ts";
import { type Environment, finish, programEnvironment, run, start } from "./harness/script.ts";

setDefaultTimeout(180_000);

const SCRIPT = "scripts/produce.ts";
const EVENTS = 300;

let cluster: Cluster;
let environment: Environment;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "patience-test-"));
  cluster = await Cluster.start(1);
  environment = { ...programEnvironment(), ...cluster.proxied, STATE_DIR: folder };
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const kafkaOf = () =>
  openKafka(readConfig({ ...environment, ...cluster.settings }), { clientId: "test" });

async function createTopic(name: string): Promise<string> {
  await kafkaOf().topics.create({ name, partitions: 4, replicationFactor: 1, settings: {} });
  return name;
}

async function recordsIn(topic: string): Promise<number> {
  const log = await kafkaOf().logState(topic);
  return sum([...log.values()].map(({ logEnd }) => logEnd));
}

async function valuesIn(topic: string): Promise<string[]> {
  const log = await kafkaOf().logState(topic);
  const values: string[] = [];
  const cursor = new RecordCursor();
  const ranges = new Map(
    [...log].map(([partition, { logEnd }]) => [partition, { from: 0, to: logEnd }]),
  );
  await readLog(kafkaOf(), topic, ranges, (_partition, batch) => {
    cursor.open(batch);
    while (cursor.next()) {
      const { bytes, valueStart, valueLength } = cursor;
      values.push(Buffer.from(bytes.subarray(valueStart, valueStart + valueLength)).toString());
    }
  });
  return values;
}

/** A producer whose words can be waited for while it runs. */
function startProducer(topic: string, args: string[], stdin?: string) {
  const program = start(environment, SCRIPT, ["--topic", topic, "--json", ...args], stdin);
  let stderr = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of program.stderr) stderr += decoder.decode(piece, { stream: true });
  })();
  return {
    untilSaid: (text: string | RegExp) =>
      until(`it says ${text}`, 40_000, async () => expect(stderr).toMatch(text)),
    async end(): Promise<{ exitCode: number; summary: Summary; stderr: string }> {
      const [exitCode, stdout] = await Promise.all([
        program.exited,
        new Response(program.stdout).text(),
        reading,
      ]);
      return { exitCode, summary: JSON.parse(stdout || "{}"), stderr };
    },
  };
}

/** Kafka is away in one of the ways, until the function that this returns is called. */
const FAULTS: Record<string, () => Promise<() => Promise<void>>> = {
  silent: () => fail("silent"),
  refusing: () => fail("refusing"),
  slow: () => fail("slow"),
  frozen: async () => {
    const thaw = cluster.freeze(0);
    return async () => thaw();
  },
  killed: async () => {
    await cluster.kill(0);
    return async () => {
      cluster.restart(0);
      await cluster.untilReady();
    };
  },
};

async function fail(fault: "silent" | "refusing" | "slow") {
  const [proxy] = cluster.proxies;
  await proxy!.fail(fault);
  return () => proxy!.mend();
}

for (const [fault, begin] of Object.entries(FAULTS)) {
  test(`produce waits and sends each event once when Kafka is ${fault} at its start`, async () => {
    const topic = await createTopic(`start_${fault}`);
    const end = await begin();
    const producer = startProducer(topic, ["--count", String(EVENTS), "--rate", "0"]);
    await producer.untilSaid("Kafka is away, and 0 events wait for it");
    await end();
    const { exitCode, summary } = await producer.end();
    expect([exitCode, summary.sent, summary.unsent]).toEqual([0, EVENTS, 0]);
    expect(await recordsIn(topic)).toBe(EVENTS);
  });

  test(`produce waits with what it holds when Kafka is ${fault} before its last event`, async () => {
    const topic = await createTopic(`middle_${fault}`);
    const producer = startProducer(topic, ["--count", String(EVENTS), "--rate", "100"]);
    await until("some events have come", 30_000, async () => {
      expect(await recordsIn(topic)).toBeGreaterThan(20);
    });
    const end = await begin();
    await producer.untilSaid(/Kafka is away, and [1-9]\d* events? waits? for it/);
    await end();
    const { exitCode, summary } = await producer.end();
    expect([exitCode, summary.sent, summary.unsent]).toEqual([0, EVENTS, 0]);
    expect(await recordsIn(topic)).toBe(EVENTS);
  });
}

test("produce waits with the few lines of a pipe when Kafka is away", async () => {
  const topic = await createTopic("pipe");
  const { lines } = makeEvents(5);
  const end = await FAULTS.refusing!();
  const producer = startProducer(topic, ["--from", "-"], `${lines.join("\n")}\n`);
  await producer.untilSaid("Kafka is away");
  await end();
  expect(await producer.end()).toMatchObject({ exitCode: 0, summary: { sent: 5, unsent: 0 } });
  expect((await valuesIn(topic)).sort()).toEqual(lines.toSorted());
});

for (const fault of ["silent", "refusing"]) {
  test(`produce ends after --wait with what Kafka has, and the same file again adds the rest, when Kafka is ${fault}`, async () => {
    const topic = await createTopic(`wait_${fault}`);
    const { lines } = makeEvents(EVENTS);
    const path = join(folder, `${topic}.ndjson`);
    writeFileSync(path, `${lines.join("\n")}\n`);
    const file = ["--from", path, "--rate", "100"];
    const producer = startProducer(topic, [...file, "--wait", "8s"]);
    await until("some events have come", 30_000, async () => {
      expect(await recordsIn(topic)).toBeGreaterThan(20);
    });
    const end = await FAULTS[fault]!();
    const { exitCode, summary, stderr } = await producer.end();
    await end();
    expect([exitCode, summary.ended]).toEqual([1, "failure"]);
    const { sent, unsent } = summary;
    expect(stderr).toContain("as long as --wait allows");
    expect(stderr).toContain(
      `Kafka has acknowledged ${sent} events, and has not acknowledged ${unsent}; send the same file again`,
    );
    expect(sent).toBeGreaterThan(20);
    expect(unsent).toBeGreaterThan(0);
    // What was not acknowledged may be there, too.
    expect(await recordsIn(topic)).toBeWithin(sent, sent + unsent + 1);
    const again = await run(environment, SCRIPT, ["--topic", topic, "--json", "--from", path]);
    expect(again.exitCode).toBe(0);
    expect([...new Set(await valuesIn(topic))].sort()).toEqual(lines.toSorted());
  });
}

test("produce ends with the address and the command that helps when it may not wait at all", async () => {
  const topic = await createTopic("impatient");
  const end = await FAULTS.refusing!();
  const program = start(environment, SCRIPT, ["--topic", topic, "--count", "1", "--wait", "0"]);
  const { exitCode, stderr } = await finish(program);
  await end();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("Cannot reach Kafka at 127.0.0.1:");
  expect(stderr).toContain("`bun run up kafka`");
});
