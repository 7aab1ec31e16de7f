/** How a program is told to stop: Ctrl-C, or the signal of a supervisor. */
import { constants } from "node:os";

/** Why a wait ended: the process was told to stop. */
export class StoppedError extends Error {
  override name = "StoppedError";
  constructor(readonly signal: NodeJS.Signals) {
    super(`Stopped by ${signal}`);
  }
}

/** `bun run` and npx forward a Ctrl-C which the terminal has sent to this process as well. */
const SAME_STOP_MS = 500;

/** The exit status of a process that a signal has stopped, as shells have it. */
export const statusOfSignal = (name: NodeJS.Signals) => 128 + constants.signals[name];

/**
 * Aborts when the process is told to stop, with a `StoppedError` as its reason. From the first call
 * on, the first of these signals no longer ends the process: its caller has to. A later one does.
 */
export function stopSignal(names: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"]): AbortSignal {
  const stop = new AbortController();
  let stoppedAtMs = 0;
  for (const name of names) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        stoppedAtMs = performance.now();
        stop.abort(new StoppedError(name));
      } else if (performance.now() - stoppedAtMs > SAME_STOP_MS) {
        process.exit(statusOfSignal(name));
      }
    });
  }
  return stop.signal;
}

/** Waits until the process is told to stop. */
export const untilStopped = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
