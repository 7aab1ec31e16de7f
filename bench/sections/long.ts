/**
 * Two consumers count a log of a hundred million events, of which 5 % are sent again. Meanwhile,
 * consumers, Kafka and PostgreSQL are killed and frozen at random. Afterwards each count is compared,
 * and a consumer takes the index of ids up, whole and in part.
 */
import { readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { indexFolder } from "../../scripts/consume/open-partition.ts";
import { folderBytes } from "../../scripts/host/folder-size.ts";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { parentOf } from "../../scripts/host/process-tree.ts";
import { bunCommand } from "../../scripts/host/start.ts";
import { roomAt } from "../../scripts/lib/disk-room.ts";
import { connect } from "../../scripts/lib/postgres.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { deadline, until } from "../../scripts/lib/wait.ts";
import { RandomStream } from "../../scripts/produce/synthetic/random.ts";
import type { Bench } from "../rig/bench.ts";
import { startClient } from "../rig/clients.ts";
import {
  type CountingTime,
  countingTime,
  type Disturbance,
  whileCounting,
} from "../rig/counting-time.ts";
import { measureOthers } from "../rig/cpu.ts";
import { makeDataset, PARTITIONS } from "../rig/dataset.ts";
import { type Fault, faultCount, planFaults } from "../rig/fault-plan.ts";
import { strike, type Victim } from "../rig/faults.ts";
import { groupIsStable } from "../rig/group.ts";
import { MemoryWatch } from "../rig/memory.ts";
import type { MemoryTrend } from "../rig/memory-trend.ts";
import { Progress } from "../rig/progress.ts";
import { renewIds } from "../rig/renew-ids.ts";
import { type ResentDataset, withResends } from "../rig/resends.ts";
import { RestartedConsumer } from "../rig/restarted-consumer.ts";
import { RestartedService } from "../rig/restarted-service.ts";
import { assertExact, emptyTables } from "../rig/tables.ts";
import type { TakeUp } from "../rig/take-ups.ts";
import { makeTopic, type Topic } from "../rig/topic.ts";

const GROUP = "long";
const CONSUMERS = ["consumer 1", "consumer 2"];
const VICTIMS = [...CONSUMERS, "kafka", "postgres"];
const USERS = 1_000;
/** The log repeats this many events again and again, each time with other ids. */
const ROUND_EVENTS = 500_000;
const RESENT_SHARE = 0.05;
/** The least that Kafka accepts, so that a frozen consumer is soon replaced. */
const SESSION_MS = 6_000;
/** The log takes 30 bytes, the index 24 and as much again while runs are merged, `verify` 48. */
const DISK_BYTES_PER_EVENT = 140;
/** Batches of each partition that are sent again after a take-up. */
const RESENT_BATCHES = 20;
const SAY_MS = 10_000;
const WELL_MS_MAX = 60_000;
const REBUILT_MS_MAX = 600_000;
/** For each record, several times what it takes on an idle machine. */
const VERIFY_MS_MAX = 0.02;

export interface LongResult {
  seed: number;
  events: number;
  copies: number;
  faults: Fault[];
  /** The whole log without a fault. */
  calm: Counted;
  /** The same under the faults. */
  hard: Counted;
  /** Records for each second while the log was filled, before counting. */
  filledPerSecond: number;
  logBytesPerRecord: number;
  indexBytesPerId: number;
  verify: { seconds: number; peakMemoryBytes: number; words: string };
  starts: Start[];
}

interface Counted {
  counting: CountingTime;
  memory: MemoryTrend[];
  /** Each one of the two consumers, in no order. */
  takeUps: TakeUp[];
  othersShare: number;
}

/** One consumer starts, and takes the index of all partitions up. */
interface Start {
  /** What was lost of the index. */
  lost: "nothing" | "a partition";
  takeUps: TakeUp[];
  /** Until `/healthz` says that it counts, from the start of the process. */
  seconds: number;
  /** The most records that `/healthz` said to be lacking, and how often that number fell. */
  lackedMost: number;
  lackedSteps: number;
}

/** What the parts of this section share. */
interface Run {
  bench: Bench;
  topic: Topic;
  dataset: ResentDataset;
  /** How often the dataset is appended, each time as other events. */
  rounds: number;
  records: number;
  /** Copies of events among the records. */
  copies: number;
  random: RandomStream;
  /** The consumers and `verify` get it. */
  environment: Record<string, string>;
}

/** The stack is not fit for another section afterwards. */
export async function long(bench: Bench): Promise<LongResult> {
  const { stack, effort } = bench;
  const rounds = Math.ceil(effort.longEvents / ROUND_EVENTS);
  assertRoom(rounds * ROUND_EVENTS);
  bench.say(`long: the seed is ${effort.seed}`);
  const random = new RandomStream([effort.seed, 17, 19, 23]);
  const dataset = withResends(makeDataset(USERS, ROUND_EVENTS), RESENT_SHARE, random);
  const topic = await makeTopic(stack, "long");
  const run: Run = {
    ...{ bench, topic, dataset, rounds, random },
    records: rounds * (dataset.events + dataset.copies),
    copies: rounds * dataset.copies,
    environment: {
      KAFKA_TOPIC: topic.name,
      KAFKA_GROUP_ID: GROUP,
      CONSUMER_SESSION_TIMEOUT_MS: String(SESSION_MS),
    },
  };
  const filledPerSecond = await fill(run);
  const logBytes = folderBytes(join(stack.config.STATE_DIR, "kafka"));
  bench.say("long: two consumers count without a fault");
  const calm = await count(run, []);
  await assertCounts(run);
  await forget(run);
  const faults = planFaults(random, VICTIMS, {
    count: faultCount(rounds * dataset.events),
    sessionMs: SESSION_MS,
  });
  bench.say(`long: two consumers count under ${faults.length} faults`);
  const hard = await count(run, faults);
  await assertCounts(run);
  const indexBytes = folderBytes(indexFolder(stack.config));
  const verified = await verify(run);
  const starts = [await start(run, "nothing"), await start(run, "a partition")];
  return {
    seed: effort.seed,
    events: rounds * dataset.events,
    copies: rounds * dataset.copies,
    filledPerSecond,
    logBytesPerRecord: logBytes / run.records,
    ...{ faults, calm, hard },
    indexBytesPerId: indexBytes / (rounds * dataset.events),
    verify: verified,
    starts,
  };
}

function assertRoom(events: number): void {
  const { freeBytes } = roomAt(tmpdir());
  const needed = events * DISK_BYTES_PER_EVENT;
  if (freeBytes >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new Error(
    `Cannot run long: ${tmpdir()} has ${gigabytes(freeBytes)} free and ${events} events need ${gigabytes(needed)}; give a smaller --events or another TMPDIR`,
  );
}

/** Appends all events, and returns the records for each second. */
async function fill({ bench, topic, dataset, rounds, random, records }: Run): Promise<number> {
  const startMs = performance.now();
  let saidMs = startMs;
  for (let round = 1; round <= rounds; round++) {
    await topic.send(dataset.batches, (batch, partition, place) => {
      const isCopy = dataset.isCopy[partition]![place]!;
      renewIds(batch, (at) => (isCopy[at] === 1 ? 1 + random.below(round) : round));
    });
    if (performance.now() - saidMs < SAY_MS && round < rounds) continue;
    saidMs = performance.now();
    const sent = (round / rounds) * records;
    bench.say(`long: ${millions(sent)} of ${millions(records)} million records in the log`);
  }
  return records / ((performance.now() - startMs) / 1_000);
}

/** Counts the whole log with two consumers. */
async function count(run: Run, faults: readonly Fault[]): Promise<Counted> {
  const { bench, records, environment } = run;
  const { stack } = bench;
  const services = [
    await RestartedService.find(stack, "kafka"),
    await RestartedService.find(stack, "postgres"),
  ];
  const ports = await freePorts(2);
  const othersShare = measureOthers([process.pid, parentOf(stack.kafkaProcess)]);
  const consumers = ports.map(
    (port, index) => new RestartedConsumer(stack, CONSUMERS[index] as string, port, environment),
  );
  const victims = [...consumers, ...services];
  const sql = connect(stack.config, "owner", { applicationName: "bench" });
  const progress = new Progress(sql, PARTITIONS);
  const memory = new MemoryWatch(victims);
  try {
    const disturbances = await countUnderFaults(run, { faults, victims, consumers, progress });
    const trends = await memory.stop();
    const share = othersShare();
    await untilWell(run, consumers);
    const samples = whileCounting(progress.samples, records);
    return {
      counting: countingTime(samples, await logEnds(run), disturbances),
      memory: trends,
      takeUps: (await Promise.all(consumers.map((consumer) => consumer.end()))).flat(),
      othersShare: share,
    };
  } finally {
    await memory.stop();
    progress.stop();
    await sql.end({ timeout: 2 });
  }
}

interface Counting {
  faults: readonly Fault[];
  victims: readonly Victim[];
  consumers: readonly RestartedConsumer[];
  progress: Progress;
}

/** Returns once each record is stored. */
async function countUnderFaults(
  { bench, records }: Run,
  { faults, victims, consumers, progress }: Counting,
): Promise<Disturbance[]> {
  const say = (words: string) =>
    bench.say(
      `long: ${millions(progress.records)} of ${millions(records)} million records counted${words}`,
    );
  let saidMs = performance.now();
  const meanwhile = () => {
    for (const consumer of consumers) consumer.assertAlive();
    if (performance.now() - saidMs < SAY_MS) return;
    saidMs = performance.now();
    say("");
  };
  const disturbances: Disturbance[] = [];
  await progress.reached(1, meanwhile);
  for (const [index, { victim: name, frozenMs, distance }] of faults.entries()) {
    const left = records - progress.records;
    const step = (distance * left) / (faults.length - index + 1);
    await progress.reached(Math.min(records, progress.records + step), meanwhile);
    const act = frozenMs === undefined ? "kill" : `freeze for ${(frozenMs / 1_000).toFixed(2)} s`;
    say(`; fault ${index + 1} of ${faults.length}: ${act}, ${name}`);
    saidMs = performance.now();
    const victim = victims.find((victim) => victim.name === name) as Victim;
    disturbances.push({ ...(await strike(victim, frozenMs)), readsOn: name === "postgres" });
  }
  await progress.reached(records, meanwhile);
  return disturbances;
}

async function untilWell({ topic }: Run, consumers: readonly RestartedConsumer[]): Promise<void> {
  // A member that was killed may still be waited for.
  await groupIsStable(topic.kafka, GROUP, consumers.length);
  await until("both consumers are well", WELL_MS_MAX, async () => {
    for (const consumer of consumers) {
      const health = await consumer.health();
      if (!health?.ok) throw new Error(JSON.stringify(health));
    }
  });
}

async function logEnds({ topic }: Run): Promise<number[]> {
  const state = await topic.kafka.logState(topic.name);
  return Array.from({ length: PARTITIONS }, (_, partition) => state.get(partition)?.logEnd ?? 0);
}

/** The next consumers begin with the start of the log, and without an index. */
async function forget({ bench: { owner, stack } }: Run): Promise<void> {
  await emptyTables(owner);
  rmSync(indexFolder(stack.config), { recursive: true });
}

/** Compares every count with what was sent. */
async function assertCounts({ bench: { owner }, ...run }: Run): Promise<void> {
  const [ledger] = await until(
    "PostgreSQL answers",
    WELL_MS_MAX,
    () => owner`
    select sum(next_offset - first_offset)::bigint as read, sum(stored)::bigint as stored,
      sum(duplicates)::bigint as duplicates
    from streaming.consumer_offsets`,
  );
  const { dataset, rounds, records, copies } = run;
  const expected = { read: records, stored: rounds * dataset.events, duplicates: copies };
  if (!isDeepStrictEqual({ ...ledger }, expected)) {
    throw new Error(
      `Cannot trust this run: the ledger says ${JSON.stringify(ledger)} and ${JSON.stringify(expected)} is right`,
    );
  }
  await assertExact(owner, dataset, rounds);
}

async function verify({ bench, environment, records }: Run): Promise<LongResult["verify"]> {
  bench.say(`long: verify --recount reads ${millions(records)} million records again`);
  const lines: string[] = [];
  const startMs = performance.now();
  const command = bunCommand("scripts/verify.ts", "--recount");
  const client = startClient(bench.stack, command, environment, (line) => lines.push(line));
  const msMax = WELL_MS_MAX + VERIFY_MS_MAX * records;
  const { peakMemoryBytes } = await deadline(client.ended(), msMax).catch((error) => {
    throw new Error(["Cannot verify:", error.message, ...lines].join("\n"), { cause: error });
  });
  const seconds = (performance.now() - startMs) / 1_000;
  return { seconds, peakMemoryBytes, words: lines.at(-1) ?? "" };
}

/**
 * One consumer starts with the index of all partitions, of which something may be lost. Events that
 * are sent once more then have to be found in it.
 */
async function start(run: Run, lost: Start["lost"]): Promise<Start> {
  const { bench, topic, dataset, rounds, random, environment } = run;
  bench.say(`long: one consumer takes all partitions up; ${lost} of the index is lost`);
  if (lost === "a partition") await removeIndex(run, 0);
  const [port = 0] = await freePorts(1);
  const startMs = performance.now();
  const consumer = new RestartedConsumer(bench.stack, "consumer", port, environment);
  const lacking: number[] = [];
  await until(
    "it is well",
    REBUILT_MS_MAX,
    async () => {
      consumer.assertAlive();
      const health = await consumer.health();
      const records = /lacks (\d+) records/.exec(health?.waitingFor ?? "")?.[1];
      if (records !== undefined) lacking.push(Number(records));
      if (!health?.ok) throw new Error(JSON.stringify(health));
    },
    { intervalMs: 20 },
  );
  const seconds = (performance.now() - startMs) / 1_000;
  const batches = dataset.batches.map((lane) => lane.slice(0, RESENT_BATCHES));
  await topic.send(batches, (batch) => renewIds(batch, () => 1 + random.below(rounds)));
  const resent = sum(batches.flat().map(({ recordCount }) => recordCount));
  run.records += resent;
  run.copies += resent;
  await until("they are counted", WELL_MS_MAX, () => assertCounts(run));
  return {
    lost,
    takeUps: await consumer.end(),
    seconds,
    lackedMost: Math.max(0, ...lacking),
    lackedSteps: new Set(lacking).size,
  };
}

async function removeIndex({ bench, topic }: Run, partition: number): Promise<void> {
  const state = await topic.kafka.logState(topic.name);
  const prefix = `${state.get(partition)?.topicId}-${partition}-`;
  const folder = indexFolder(bench.stack.config);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { recursive: true });
  }
}

const millions = (records: number) => (records / 1e6).toFixed(1);
