/** When the page asks again. */
const INTERVAL_MS = 3_000;
const INTERVAL_MS_MAX = 30_000;

/** An answer that takes longer counts as none. */
export const ANSWER_MS_MAX = 8_000;

/**
 * Milliseconds between the starts of two requests: doubled with each failure in a row up to a
 * limit, and spread, so that a thousand pages do not come back in the same moment.
 * @param random from 0 up to 1
 */
export function pollIntervalMs(failures: number, random: number): number {
  if (failures === 0) return INTERVAL_MS;
  const longest = Math.min(INTERVAL_MS_MAX, INTERVAL_MS * 2 ** failures);
  return longest * (0.5 + random / 2);
}
