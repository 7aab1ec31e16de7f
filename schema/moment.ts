/**
 * Which moments an event may have happened at. A wrong clock or a wrong unit would else stand as the
 * newest event, or as the first, for ever. The log decides and not a clock, so a replay agrees. Pure.
 */

/** How far an event may be ahead of the log, in milliseconds: zones are confused, clocks drift. */
export const AHEAD_MS_MAX = 86_400_000;

/**
 * Whether the moment lies between 1970 and `aheadMsMax` after the log. Both are milliseconds since the
 * epoch; `logMs` is when the record was appended, and 0 or less when nobody has stamped it.
 */
export const isPlausible = (createdAtMs: number, logMs: number, aheadMsMax = AHEAD_MS_MAX) =>
  createdAtMs >= 0 && (createdAtMs <= logMs + aheadMsMax || logMs <= 0);
