/** The consumer of the platform as a contender, with one or more processes. */
import type { Bench } from "./bench.ts";
import type { Contender } from "./contest.ts";
import { drainWithConsumer } from "./drain.ts";
import { groupIsStable } from "./group.ts";
import { assertExact, emptyTables } from "./tables.ts";

export const product = (bench: Bench, processes: number): Contender => ({
  name: `consumer-${processes}`,
  start: (topic) => drainWithConsumer(bench, topic, processes),
  settled: (topic, drain) => groupIsStable(topic.kafka, drain.groupId, processes),
  emptyTables: () => emptyTables(bench.owner),
  assertExact: (dataset, times) => assertExact(bench.owner, dataset, times),
});
