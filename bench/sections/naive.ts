/** The consumer of most tutorials, on the same topic: one upsert for each message, awaited. */
import type { Bench } from "../rig/bench.ts";
import { drainWithRung } from "../rig/drain.ts";
import { groupIsStable } from "../rig/group.ts";
import type { Rate } from "../rig/rounds.ts";
import { assertExact, emptyTables } from "../rig/tables.ts";
import { makeTopic } from "../rig/topic.ts";
import { warmRounds } from "../rig/warm.ts";

const USERS = 1_000;

export interface NaiveResult {
  users: number;
  events: number;
  warm: Rate;
}

export async function naive(bench: Bench): Promise<NaiveResult> {
  const events = bench.effort.quick ? 5_000 : 20_000;
  const dataset = bench.dataset(USERS, events);
  const topic = await makeTopic(bench.stack, "naive");
  await emptyTables(bench.owner);
  const drain = drainWithRung(bench, "naive", topic.name, 1);
  try {
    await groupIsStable(topic.kafka, drain.groupId, 1);
    const { rate, appended } = await warmRounds(bench, topic, dataset, drain);
    await assertExact(bench.owner, dataset, appended);
    return { users: USERS, events, warm: rate };
  } finally {
    await drain.end();
    await emptyTables(bench.owner);
    await topic.delete();
  }
}
