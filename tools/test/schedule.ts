/** Runs steps side by side, as many as the processors have room for. */
import { sum } from "../../scripts/lib/sum.ts";

/**
 * Performs each step once. Steps begin in the given order. One that does not fit beside those that run
 * waits, and a later one that fits goes first. A step that wants more than there is runs alone.
 *
 * @param cores processors to share out
 * @param coresOf processors that a step keeps busy
 * @throws the first error of `perform`, once nothing runs any more
 */
export async function sideBySide<Step>(
  steps: readonly Step[],
  cores: number,
  coresOf: (step: Step) => number,
  perform: (step: Step) => Promise<void>,
): Promise<void> {
  const waiting = [...steps];
  const running = new Map<Step, Promise<void>>();
  const wanted = (step: Step) => Math.min(coresOf(step), cores);
  const failures: unknown[] = [];
  while (failures.length === 0 && waiting.length > 0) {
    const taken = sum(running.keys().map(wanted));
    // A hair more than there is: halves and tenths do not add up exactly.
    const fits = (step: Step) => taken + wanted(step) <= cores + 1e-9;
    const next = waiting.find(fits);
    if (next === undefined) await Promise.race(running.values());
    else {
      waiting.splice(waiting.indexOf(next), 1);
      const work = perform(next).catch((error) => void failures.push(error));
      running.set(
        next,
        work.then(() => void running.delete(next)),
      );
    }
  }
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
}
