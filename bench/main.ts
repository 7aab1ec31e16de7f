/**
 * `bun run bench`: measures the platform's stream on this machine, against its own limits and its
 * peers, on a stack of its own that is gone afterwards. `bench/README.md` says how to read it.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type ArgsDef, defineCommand } from "citty";
import { UsageError } from "../scripts/lib/errors.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { runProgram } from "../scripts/lib/program.ts";
import type { Bench, Effort } from "./rig/bench.ts";
import { endAllClients } from "./rig/clients.ts";
import { type Dataset, makeDataset, PARTITIONS } from "./rig/dataset.ts";
import { describeMachine, describeServices } from "./rig/machine.ts";
import { type Stack, startStack } from "./rig/stack.ts";
import { sections } from "./sections.ts";

const names = Object.keys(sections);
/** Records repeat from one round to the next, beyond the window within which they are duplicates. */
const EVENTS_MIN = 100_000 * PARTITIONS;

const flags = {
  quick: { type: "boolean", description: "A few minutes, one round, fewer cases" },
  only: { type: "string", valueHint: names.join("|"), description: "One section" },
  peers: { type: "boolean", description: "Also run the peers (downloads them first)" },
  events: { type: "string", valueHint: "N", description: "Events of a round" },
  rounds: { type: "string", valueHint: "N", description: "Rounds of each measurement" },
  json: { type: "string", valueHint: "FILE", description: "Write the result to a file, too" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: { name: "bench", description: "Measure the stream on this machine" },
  args: flags,
  async run({ args }) {
    const quick = args.quick === true;
    const effort: Effort = {
      quick,
      events: wholeNumber("events", args.events, quick ? 500_000 : 1_000_000, EVENTS_MIN),
      rounds: wholeNumber("rounds", args.rounds, quick ? 1 : 3, 1),
    };
    const wanted = names.filter((name) =>
      args.only ? name === args.only : name !== "peers" || args.peers,
    );
    if (wanted.length === 0) {
      throw new UsageError(`Cannot run ${args.only}: the sections are ${names.join(", ")}`);
    }
    const result = await measure(effort, wanted);
    if (!args.json) return;
    mkdirSync(dirname(args.json), { recursive: true });
    writeFileSync(args.json, `${JSON.stringify(result, null, 2)}\n`);
  },
});

function wholeNumber(flag: string, text: string | undefined, fallback: number, min: number) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min) return value;
  throw new UsageError(`Cannot use --${flag} ${text}: must be a whole number from ${min} on`);
}

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

/** Ends everything that was started, once, however often it is asked for. */
function tearDown(started: Promise<Stack>): Promise<void> {
  ended ??= (async () => {
    await endAllClients();
    const stack = await started.catch(() => undefined);
    await stack?.stop();
  })();
  return ended;
}

await runProgram(command);
