/**
 * A warm round: the processes run and have joined. A signal stops them while the topic gets its
 * events, and a second signal continues them. Time and CPU count from the second one.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import type { Dataset } from "./dataset.ts";
import type { Drain } from "./drain.ts";
import { quietRounds, type Rate, type Round } from "./rounds.ts";
import type { Topic } from "./topic.ts";

/** Time for the broker's work after its answer. */
const SETTLE_MS = 300;
const WARMING_ROUNDS = 2;

export interface Warm {
  rate: Rate;
  /** How often the dataset has been appended, warm-up rounds included. */
  appended: number;
}

/** `before` is what the processes have drained already. */
export async function warmRounds(
  bench: Bench,
  topic: Topic,
  dataset: Dataset,
  drain: Drain,
  before = 0,
): Promise<Warm> {
  let appended = 0;
  const round = async (): Promise<Round> => {
    for (const client of drain.clients) client.pause();
    await topic.append(dataset);
    appended += 1;
    await delay(SETTLE_MS);
    const used = measureCpu(
      bench.stack,
      drain.clients.map(({ processId }) => processId),
    );
    const startMs = Date.now();
    for (const client of drain.clients) client.resume();
    const endMs = await drain.reached(before + appended * dataset.events);
    return { events: dataset.events, seconds: (endMs - startMs) / 1_000, cpu: used() };
  };
  // The compiler works in these rounds, so their figures do not count.
  for (let warming = 0; warming < WARMING_ROUNDS; warming++) await round();
  return { rate: await quietRounds(bench.effort.rounds, round), appended };
}
