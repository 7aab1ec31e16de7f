/** When the page asks again. */
const INTERVAL_MS = 3_000;
const INTERVAL_MS_MAX = 30_000;
const UNTOUCHED_INTERVAL_MS = 10_000;
const UNTOUCHED_MS = 10 * 60_000;
const RETRY_AFTER_MS_MAX = 10 * 60_000;

/** An answer that takes longer counts as none. */
export const ANSWER_MS_MAX = 8_000;

/**
 * Milliseconds between the starts of two requests: doubled with each failure in a row up to a
 * limit, and spread, so that a thousand pages do not come back in the same moment.
 * @param random from 0 up to 1
 * @param quietMs since somebody last touched the page: one that is only open asks less often
 */
export function pollIntervalMs(failures: number, random: number, quietMs: number): number {
  if (failures === 0) return isUntouched(quietMs) ? UNTOUCHED_INTERVAL_MS : INTERVAL_MS;
  const longest = Math.min(INTERVAL_MS_MAX, INTERVAL_MS * 2 ** failures);
  return longest * (0.5 + random / 2);
}

export const isUntouched = (quietMs: number) => quietMs >= UNTOUCHED_MS;

/** How long an answer tells the page to wait; a minute when it does not say so in seconds. */
export function retryAfterMs(header: string | null): number {
  const seconds = header ? Number(header) : Number.NaN;
  return Number.isFinite(seconds)
    ? Math.min(RETRY_AFTER_MS_MAX, Math.max(0, seconds) * 1_000)
    : 60_000;
}
