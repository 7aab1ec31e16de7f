/**
 * Called by a `start` whose program has children: ends what a former run of the same program left
 * behind when it was killed, so that nothing works on without its parent. supervisord names the
 * program in the environment; without it there is nothing to go by, and nothing is done.
 */

import { until } from "../lib/wait.ts";
import { isAlive, processesWithEnvironment, processTree, sendSignal } from "./process-tree.ts";

const END_MS_MAX = 10_000;

const marks = ["SUPERVISOR_SOCKET", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_PROCESS_NAME"];

if (marks.every((name) => process.env[name])) {
  const own = processTree(process.ppid);
  const leftovers = processesWithEnvironment(marks.map((name) => `${name}=${process.env[name]}`))
    .filter((processId) => !own.includes(processId))
    .filter(isAlive);
  if (leftovers.length > 0) {
    console.log(`Ending ${leftovers.length} processes that a killed run has left`);
    for (const processId of leftovers) sendSignal(processId, "SIGTERM");
    await until("they end", END_MS_MAX, async () => {
      if (leftovers.some(isAlive)) throw new Error("some still run");
    }).catch(() => {
      for (const processId of leftovers) sendSignal(processId, "SIGKILL");
    });
  }
}
