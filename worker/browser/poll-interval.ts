/** When the page sends its next request. */
const INTERVAL_MS = 3_000;
const INTERVAL_MS_MAX = 30_000;
const IDLE_INTERVAL_MS = 10_000;
const IDLE_MS = 10 * 60_000;
const RETRY_AFTER_MS_MAX = 10 * 60_000;

/** A request that takes longer has failed. */
export const RESPONSE_MS_MAX = 8_000;

/**
 * Milliseconds between the starts of two requests. They double with each failure in a row, up to a
 * limit, with jitter: a thousand pages must not come back in the same moment.
 * @param random from 0 up to 1
 * @param quietMs since a person last touched the page; an idle page asks less often
 */
export function pollIntervalMs(failures: number, random: number, quietMs: number): number {
  if (failures === 0) return isIdle(quietMs) ? IDLE_INTERVAL_MS : INTERVAL_MS;
  const longestMs = Math.min(INTERVAL_MS_MAX, INTERVAL_MS * 2 ** failures);
  return longestMs * (0.5 + random / 2);
}

export const isIdle = (quietMs: number) => quietMs >= IDLE_MS;

/** The wait that a `Retry-After` in seconds asks for, within limits; a minute for any other. */
export function retryAfterMs(header: string | null): number {
  const seconds = header ? Number(header) : Number.NaN;
  return Number.isFinite(seconds)
    ? Math.min(RETRY_AFTER_MS_MAX, Math.max(0, seconds) * 1_000)
    : 60_000;
}
