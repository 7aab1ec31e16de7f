/**
 * The steps of a proof. Ctrl-C ends the proof between and within steps, and everything it made is
 * removed.
 */
import { endRunning } from "../process.ts";

const interruption = Promise.withResolvers<never>();
// The signal also counts while no step waits for it.
interruption.promise.catch(() => undefined);

/** Thrown by a step that a signal has ended. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

export function endAtSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      console.error(`${signal} came: removing what was made`);
      interruption.reject(new Interrupted(signal));
      endRunning();
    });
  }
}

/** Reports that each step holds, and how long it took. */
export async function step<Result>(what: string, perform: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await Promise.race([interruption.promise, perform()]);
  console.log(`holds  ${what}, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  return result;
}
