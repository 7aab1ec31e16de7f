/**
 * `bun run bench`: measures the platform's stream on this machine, against its own limits and its
 * peers. It removes its own stack at the end. `bench/README.md` explains the figures.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { choice, count, FILE, flag, toggle } from "../scripts/lib/flags.ts";
import { connect } from "../scripts/lib/postgres.ts";
import type { Bench, Effort } from "./rig/bench.ts";
import { endAllClients } from "./rig/clients.ts";
import { type Dataset, makeDataset, PARTITIONS } from "./rig/dataset.ts";
import { endFaults } from "./rig/faults.ts";
import { describeMachine, describeServices } from "./rig/machine.ts";
import { type Stack, startStack } from "./rig/stack.ts";
import { sections } from "./sections.ts";

const names = Object.keys(sections);
/** A record repeats from one round to the next, at a distance above the window for duplicates. */
const EVENTS_MIN = 100_000 * PARTITIONS;

const command = defineCommand({
  name: "bench",
  description: `Measures on a stack of its own, which is gone afterwards. bench/README.md explains the figures.`,
  flags: {
    quick: toggle("A few minutes, one round, fewer cases"),
    only: flag({ ...choice(names), hint: "SECTION" }, `One section: ${names.join(", ")}`),
    peers: toggle("Also run the peers (downloads them first)"),
    events: flag(count(EVENTS_MIN), "Events of a round, or of `long`"),
    seed: flag(count(0, 2 ** 32 - 1), "Repeat the faults of an earlier `long`"),
    rounds: flag(count(1), "Rounds of each measurement"),
    json: flag(FILE, "Write the result to a file, too"),
  },
  examples: [
    ["bun run bench --quick", "a first look"],
    ["bun run bench --only freshness", "one section"],
    ["bun run bench --only long --events 2M", "two million events under faults, in some minutes"],
  ],
  exits: { 0: "measured", 1: "failed", 130: "stopped" },
  async run({ flags: args }) {
    const { quick } = args;
    const effort: Effort = {
      quick,
      events: args.events ?? (quick ? 500_000 : 1_000_000),
      longEvents: args.events ?? (quick ? 2_000_000 : 100_000_000),
      rounds: args.rounds ?? (quick ? 1 : 3),
      seed: args.seed ?? Date.now() % 1_000_000,
    };
    const wanted = names.filter((name) =>
      args.only ? name === args.only : name !== "long" && (name !== "peers" || args.peers),
    );
    const result = await measure(effort, wanted);
    if (!args.json) return;
    mkdirSync(dirname(args.json), { recursive: true });
    writeFileSync(args.json, `${JSON.stringify(result, null, 2)}\n`);
  },
});

async function measure(effort: Effort, wanted: string[]): Promise<object> {
  const say = (words: string) => process.stderr.write(`${words}\n`);
  const started = startStack();
  say("Starting Kafka and PostgreSQL");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void tearDown(started).finally(() => process.exit(130)));
  }
  try {
    const stack = await started;
    const owner = connect(stack.config, "owner", { applicationName: "bench" });
    const datasets = new Map<string, Dataset>();
    const bench: Bench = {
      stack,
      owner,
      effort,
      say,
      dataset(users, events = effort.events) {
        const key = `${users}/${events}`;
        const known = datasets.get(key) ?? makeDataset(users, events);
        datasets.set(key, known);
        return known;
      },
    };
    const machine = { ...describeMachine(), ...(await describeServices(owner)) };
    console.log(
      Object.entries(machine)
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n"),
    );
    const results: Record<string, unknown> = {};
    for (const name of wanted) {
      const { result, table } = await sections[name]!(bench);
      results[name] = result;
      console.log(`\n${table}`);
    }
    await owner.end({ timeout: 2 });
    return { machine, effort, ...results };
  } finally {
    await tearDown(started);
  }
}

let ended: Promise<void> | undefined;

/** Ends everything that was started, once, even when called several times. */
function tearDown(started: Promise<Stack>): Promise<void> {
  ended ??= (async () => {
    endFaults();
    await endAllClients();
    const stack = await started.catch(() => undefined);
    await stack?.stop();
  })();
  return ended;
}

await runCommand(command);
