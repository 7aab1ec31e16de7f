/**
 * Kills the orphans of an earlier run of the same program that was killed. The supervisor names the
 * program in the environment; without that name, nothing is done.
 */
import { endProcesses } from "./end-processes.ts";
import { isAlive, parentOf, processesWithEnvironment, processTree } from "./process-tree.ts";

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
  await endProcesses(orphans, () => "SIGTERM", { endMsMax: END_MS_MAX });
}

function ancestors(): number[] {
  const chain = [process.ppid];
  while (chain.at(-1)! > 1) chain.push(parentOf(chain.at(-1)!));
  return chain;
}
