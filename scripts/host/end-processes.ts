/** Ends processes that are not children of this one: by a signal, and by force after a while. */
import { until } from "../lib/wait.ts";
import { isAlive, sendSignal } from "./process-tree.ts";

interface Limits {
  /** How long they may take to end on the signal. */
  endMsMax: number;
  /** How long the end by force may take. Without a limit, it is not waited for. */
  killedMsMax?: number;
}

/**
 * Each process gets its signal, and after `endMsMax` SIGKILL if it still runs.
 * @throws Error naming those that still run after `killedMsMax`
 */
export async function endProcesses(
  processIds: number[],
  signalOf: (processId: number) => NodeJS.Signals,
  { endMsMax, killedMsMax }: Limits,
): Promise<void> {
  const alive = () => processIds.filter(isAlive);
  const untilEnded = (msMax: number) =>
    until("the processes end", msMax, async () => {
      if (alive().length > 0) throw new Error(`processes still run: ${alive().join(", ")}`);
    });
  for (const processId of processIds) sendSignal(processId, signalOf(processId));
  await untilEnded(endMsMax).catch(async () => {
    for (const processId of alive()) sendSignal(processId, "SIGKILL");
    if (killedMsMax !== undefined) await untilEnded(killedMsMax);
  });
}
