/** How a program is told to stop: Ctrl-C, or the signal of a supervisor. */

/** Why a wait ended: the process was told to stop. */
export class StoppedError extends Error {
  override name = "StoppedError";
  constructor(readonly signal: NodeJS.Signals) {
    super(`Stopped by ${signal}`);
  }
}

/**
 * Aborts when the process is told to stop, with a `StoppedError` as its reason. From the first call
 * on, the first of these signals no longer ends the process: its caller has to. A second one does.
 */
export function stopSignal(names: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"]): AbortSignal {
  const stop = new AbortController();
  for (const name of names) process.once(name, () => stop.abort(new StoppedError(name)));
  return stop.signal;
}

/** Waits until the process is told to stop. */
export const untilStopped = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
