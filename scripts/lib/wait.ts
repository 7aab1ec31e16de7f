/**
 * Waiting, in one place: for a condition, between attempts, no longer than a limit, and for a signal
 * to stop. The shapes follow Deno's standard library (`async/retry.ts`, `async/deadline.ts`).
 */
import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Ends the wait; its reason is thrown. */
  signal?: AbortSignal | undefined;
  /** Milliseconds between two attempts. @default {100} */
  intervalMs?: number;
}

/**
 * Calls `attempt` until it does not throw.
 *
 * @example
 * await until("Kafka answers", 60_000, () => answersKafka(config));
 *
 * @throws Error naming what was waited for, how long, and why the last attempt failed
 */
export async function until<Result>(
  what: string,
  msMax: number,
  attempt: () => Promise<Result>,
  { signal, intervalMs = 100 }: UntilOptions = {},
): Promise<Result> {
  const endMs = performance.now() + msMax;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      if (performance.now() > endMs) {
        const reason = error instanceof Error ? error.message || error.name : String(error);
        throw new Error(
          `Cannot wait longer until ${what}: not so after ${Math.round(msMax / 1000)} s, ${reason}`,
          { cause: error },
        );
      }
    }
    await pause(intervalMs, signal);
  }
}

/** Thrown by an attempt of `until` when waiting longer is of no use. */
export class GiveUp extends Error {
  override name = "GiveUp";
}

export interface BackoffOptions {
  /** Longest delay before the second attempt, in milliseconds. @default {100} */
  firstMs?: number;
  /** Longest delay of all, in milliseconds. @default {5000} */
  msMax?: number;
  /** A number from 0 to 1; a test gives its own. @default {Math.random} */
  random?: () => number;
}

/**
 * How long to wait before another attempt, in milliseconds. The delay doubles up to `msMax`. A random part, up to half of it, is left out, so that many
 * clients do not retry at the same moment.
 */
export function backoffMs(
  attempt: number,
  { firstMs = 100, msMax = 5_000, random = Math.random }: BackoffOptions = {},
): number {
  const longestMs = Math.min(msMax, firstMs * 2 ** Math.min(attempt, 30));
  return longestMs * (0.5 + random() / 2);
}

export interface RetryOptions extends BackoffOptions {
  /** Attempts in all. @default {Infinity} */
  attemptsMax?: number;
  /** An attempt that fails after this number of milliseconds is the last. @default {Infinity} */
  totalMsMax?: number;
  /** Whether a later attempt may succeed; when not, the error is thrown at once. */
  isRetryable(error: unknown): boolean;
  /** Called before each pause, with the error and how long the pause is. */
  onRetry?(error: unknown, delayMs: number): void;
  /** Ends the pause; its reason is thrown. */
  signal?: AbortSignal | undefined;
}

/**
 * Calls `work` again after each failure that may pass, with growing pauses.
 * @throws the last error, or the reason of the signal
 */
export async function retry<Result>(
  work: (attempt: number) => Promise<Result>,
  {
    attemptsMax = Number.POSITIVE_INFINITY,
    totalMsMax = Number.POSITIVE_INFINITY,
    isRetryable,
    onRetry,
    signal,
    ...backoff
  }: RetryOptions,
): Promise<Result> {
  const startMs = performance.now();
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      const isLast = attempt + 1 >= attemptsMax || performance.now() - startMs >= totalMsMax;
      if (isLast || !isRetryable(error)) throw error;
      const delayMs = backoffMs(attempt, backoff);
      onRetry?.(error, delayMs);
      await pause(delayMs, signal);
    }
  }
}

/**
 * Waits for a number of milliseconds.
 * @throws the reason of the signal, as soon as it comes
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal && { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Work took longer than its limit. The work itself goes on, and its result is dropped. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/**
 * Gives the result of `work` if it comes within `msMax` milliseconds.
 * @throws DeadlineError when it does not
 */
export async function deadline<Result>(work: Promise<Result>, msMax: number): Promise<Result> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(
    () => timer.reject(new DeadlineError(`no answer within ${msMax / 1_000} s`)),
    msMax,
  );
  // When the timer is first, nothing awaits the work any more.
  work.catch(() => {});
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
