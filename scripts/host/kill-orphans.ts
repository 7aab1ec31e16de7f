/**
 * Kills the orphans of an earlier run of the same program that was killed. The supervisor names the
 * program in the environment; without that name, nothing is done.
 */
import { until } from "../lib/wait.ts";
import {
  isAlive,
  parentOf,
  processesWithEnvironment,
  processTree,
  sendSignal,
} from "./process-tree.ts";

const END_MS_MAX = 10_000;

const MARKS = ["SUPERVISOR_SOCKET", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_PROCESS_NAME"];

export async function killOrphans(): Promise<void> {
  if (!MARKS.every((name) => process.env[name])) return;
  const own = [...ancestors(), ...processTree(process.pid)];
  const orphans = processesWithEnvironment(MARKS.map((name) => `${name}=${process.env[name]}`))
    .filter((processId) => !own.includes(processId))
    .filter(isAlive);
  if (orphans.length === 0) return;
  console.log(`Ending ${orphans.length} processes that a killed run has left`);
  for (const processId of orphans) sendSignal(processId, "SIGTERM");
  await until("they end", END_MS_MAX, async () => {
    if (orphans.some(isAlive)) throw new Error("some still run");
  }).catch(() => {
    for (const processId of orphans) sendSignal(processId, "SIGKILL");
  });
}

function ancestors(): number[] {
  const chain = [process.ppid];
  while (chain.at(-1)! > 1) chain.push(parentOf(chain.at(-1)!));
  return chain;
}
