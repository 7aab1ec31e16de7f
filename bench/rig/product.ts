/** The consumer of the platform as a contender, with one or more processes. */
import { rmSync } from "node:fs";
import { indexFolder } from "../../scripts/consume/open-partition.ts";
import type { Bench } from "./bench.ts";
import type { Contender } from "./contest.ts";
import { drainWithConsumer } from "./drain.ts";
import { groupIsStable } from "./group.ts";
import { assertExact, emptyTables } from "./tables.ts";

export const product = (bench: Bench, processes: number): Contender => ({
  name: `consumer-${processes}`,
  start: (topic) => drainWithConsumer(bench, topic, processes),
  settled: (topic, drain) => groupIsStable(topic.kafka, drain.groupId, processes),
  async emptyTables() {
    await emptyTables(bench.owner);
    // The ids of events that are counted again would all be looked up.
    rmSync(indexFolder(bench.stack.config), { recursive: true, force: true });
  },
  assertExact: (dataset, times) => assertExact(bench.owner, dataset, times),
});
