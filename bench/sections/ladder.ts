/**
 * The throughput ladder. The same topic is fetched, then also parsed, then also aggregated. Last,
 * the product itself counts it in PostgreSQL, and every count is compared.
 */
import type { Bench } from "../rig/bench.ts";
import { type Contest, contest } from "../rig/contest.ts";
import { peakMemoryBytes } from "../rig/cpu.ts";
import type { Dataset } from "../rig/dataset.ts";
import { drainWithRung } from "../rig/drain.ts";
import { groupIsStable } from "../rig/group.ts";
import { product } from "../rig/product.ts";
import { makeTopic } from "../rig/topic.ts";
import { warmRounds } from "../rig/warm.ts";

const RUNGS = ["fetch", "parse", "aggregate"];

/** Only the last rung, the product, has cold rounds. */
export type LadderRow = Omit<Contest, "cold" | "firstRowSeconds"> &
  Partial<Pick<Contest, "cold" | "firstRowSeconds">>;

export async function ladder(bench: Bench): Promise<LadderRow[]> {
  const { quick } = bench.effort;
  const rows: LadderRow[] = [];
  for (const users of quick ? [1_000] : [1_000, 10_000]) {
    const dataset = bench.dataset(users);
    for (const processes of quick ? [1, 2] : [1, 2, 4]) {
      const say = (rung: string) =>
        bench.say(`ladder: ${rung}, ${users} users, ${processes} processes`);
      for (const rung of quick && processes > 1 ? [] : RUNGS) {
        say(rung);
        rows.push(await climb(bench, rung, dataset, processes));
      }
      say("postgres");
      rows.push({
        ...(await contest(bench, dataset, product(bench, processes))),
        name: "postgres",
      });
    }
  }
  return rows;
}

async function climb(
  bench: Bench,
  rung: string,
  dataset: Dataset,
  processes: number,
): Promise<LadderRow> {
  const topic = await makeTopic(bench.stack, `${rung}-${dataset.users}-${processes}`);
  const drain = drainWithRung(bench, rung, topic.name, processes);
  try {
    await groupIsStable(topic.kafka, drain.groupId, processes);
    const { rate } = await warmRounds(bench, topic, dataset, drain);
    return {
      name: rung,
      users: dataset.users,
      processes,
      events: dataset.events,
      warm: rate,
      peakMemoryBytes: peakMemoryBytes(drain.clients.map(({ processId }) => processId)),
    };
  } finally {
    await drain.end();
    await topic.delete();
  }
}
