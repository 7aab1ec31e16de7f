/** How fresh the published values are, and how long readers wait for a fresh one. */
import { STALE_AGE_MS } from "../../../schema/limits.ts";
import type { Limits } from "./last-good.ts";

export const SUMMARY_LIMITS: Limits = {
  freshMs: 2_000,
  staleMs: STALE_AGE_MS,
  gapMs: 1_000,
  loadTimeoutMs: 10_000,
  waitMsMax: { renewing: 300, stale: 2_000, missing: 4_000 },
};

/** The origin draws the picture at most once a minute. */
export const PREVIEW_LIMITS: Limits = {
  freshMs: 60_000,
  staleMs: Number.POSITIVE_INFINITY,
  gapMs: 5_000,
  loadTimeoutMs: 10_000,
  waitMsMax: { renewing: 300, stale: 2_000, missing: 4_000 },
};
