/**
 * The health of the summary origin: whether it can read the numbers, and since when it cannot. Anyone
 * may ask, so it names the service, and not where that is.
 */
import type { Config } from "../lib/config.ts";
import { hasNoRoom, NO_ROOM } from "../lib/local-data.ts";
import type { SharedSummary } from "./shared-summary.ts";

/** A summary of this age proves that the database answers, without asking it again. */
const PROOF_MS_MAX = 5_000;

export interface SummaryHealth {
  ok: boolean;
  waitingFor?: string;
  /** When the last numbers were read, or when the program started. */
  since?: Date;
}

export async function healthOf(config: Config, summaries: SharedSummary): Promise<SummaryHealth> {
  const { latest } = summaries;
  const provedMs = latest?.sentMs ?? 0;
  if (latest && performance.now() - provedMs <= PROOF_MS_MAX) return { ok: true };
  try {
    await summaries.get();
    return { ok: true };
  } catch {
    const waitingFor = `PostgreSQL${hasNoRoom(config, "postgres") ? `: ${NO_ROOM}` : ""}`;
    return { ok: false, waitingFor, since: new Date(performance.timeOrigin + provedMs) };
  }
}
