/**
 * The duration of `dbt/run settle`, from the start of its process to its end, by the number of
 * users and of changed users.
 */
import type { Bench } from "../rig/bench.ts";
import { type CpuUse, disturbance } from "../rig/cpu.ts";
import { dropModels, settle as runSettle, settledEvents } from "../rig/dbt.ts";
import { leastDisturbed } from "../rig/rounds.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { seedUsers, touchUsers, untilQuiet } from "../rig/users.ts";

const CHANGED_USERS = [1_000, 100_000];

export interface SettleRow {
  users: number;
  /** Undefined for the first run, which creates the models and settles every user. */
  changed: number | undefined;
  wallSeconds: Spread;
  clientSeconds: Spread;
  postgresSeconds: Spread;
  /** From dbt's records, without the start of the process; the median. */
  recordedSeconds: number;
  /** The sum over models and tests, two of which may run at the same time. */
  nodeSeconds: Record<string, Spread>;
  othersShare: number;
}

export async function settle(bench: Bench): Promise<SettleRow[]> {
  const { owner, effort } = bench;
  const rows: SettleRow[] = [];
  try {
    for (const users of effort.quick ? [100, 100_000] : [100, 100_000, 1_000_000]) {
      bench.say(`settle: making ${users} users`);
      await dropModels(bench);
      await seedUsers(owner, users);
      rows.push(await measure(bench, users, undefined));
      const changes = [...new Set(CHANGED_USERS.map((count) => Math.min(count, users))), 0];
      for (const changed of changes) rows.push(await measure(bench, users, changed));
    }
    return rows;
  } finally {
    await emptyTables(owner);
    await dropModels(bench);
  }
}

interface Attempt {
  cpu: CpuUse;
  recordedSeconds: number;
  nodes: { name: string; seconds: number }[];
}

async function measure(bench: Bench, users: number, changed: number | undefined) {
  const { owner, effort } = bench;
  bench.say(`settle: ${changed === undefined ? "first of all" : changed} of ${users} users`);
  const attempt = async (): Promise<Attempt> => {
    if (changed === undefined) await dropModels(bench);
    else await touchUsers(owner, users, changed);
    await untilQuiet(owner);
    const cpu = await runSettle(bench);
    const [run] = await owner`
      select command, extract(epoch from finished_at - started_at)::float as seconds, nodes
      from transform.runs order by started_at desc limit 1`;
    const expected = changed === undefined ? "deploy" : "settle";
    if (run?.command !== expected) {
      throw new Error(`Cannot trust this run: it was a ${run?.command} and not a ${expected}`);
    }
    await assertSettled(bench);
    return { cpu, recordedSeconds: run.seconds, nodes: run.nodes };
  };
  const { taken } = await leastDisturbed(effort.rounds, attempt);
  const of = (value: (attempt: Attempt) => number) => spread(taken.map(value));
  return {
    users,
    changed,
    wallSeconds: of(({ cpu }) => cpu.wallSeconds),
    clientSeconds: of(({ cpu }) => cpu.client),
    postgresSeconds: of(({ cpu }) => cpu.postgres),
    recordedSeconds: of(({ recordedSeconds }) => recordedSeconds).median,
    nodeSeconds: Object.fromEntries(
      taken[0]!.nodes.map(({ name }) => [
        name,
        of(({ nodes }) => nodes.find((node) => node.name === name)?.seconds ?? 0),
      ]),
    ),
    othersShare: of(({ cpu }) => disturbance(cpu)).median,
  };
}

/** @throws Error when the settled users do not have the events that were counted */
async function assertSettled(bench: Bench): Promise<void> {
  const settled = await settledEvents(bench);
  const [row] = await bench.owner`
    select sum(event_count)::bigint as counted from streaming.user_events`;
  if (settled === row?.counted) return;
  throw new Error(
    `Cannot trust this run: ${settled} events are settled and ${row?.counted} counted`,
  );
}
