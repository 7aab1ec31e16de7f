/**
 * The sizes and ages of the public summary that the origin, the Worker and the page share. Pure and
 * without zod, so that the page can import it.
 */

/** Minutes of the timeline, including the one that is still running. */
export const TIMELINE_MINUTES = 60;

/** Most users that a summary names, and only where the platform's owner allows it. */
export const TOP_USERS_MAX = 10;

/**
 * A copy of the summary older than this is published as stale. The Worker knows the copy's age
 * exactly, since it asks the origin itself; the origin computes a new summary twice as often.
 */
export const STALE_AGE_MS = 10_000;

/**
 * The page calls its numbers old above this age, and only after a failed request. The page asks every
 * 3 s, so a copy that came just below `STALE_AGE_MS` is older before the next answer. The page
 * therefore allows one lost answer more than the Worker.
 */
export const PAGE_STALE_AGE_MS = STALE_AGE_MS + 5_000;
