/**
 * Whether a topic is compacted. Its log then keeps only the newest record of each key. It forgets
 * events, counted or not, so reading it again could not prove anything.
 */
import { getLogger } from "../lib/log.ts";
import { RefusedError } from "./failure.ts";
import type { Kafka } from "./log.ts";

export const CLEANUP_POLICY = "cleanup.policy";

/** Whether records that are kept in this way may be compacted. */
export const compacts = (settings: ReadonlyMap<string, string>) =>
  settings.get(CLEANUP_POLICY)?.includes("compact") === true;

/** False also for a login that may read the topic, but not its settings. */
export async function isCompacted(kafka: Kafka, topic: string): Promise<boolean> {
  try {
    return compacts(await kafka.topics.settings(topic));
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    getLogger(["kafka"]).warning("Cannot tell whether the topic is compacted", {
      topic,
      reason: error.reason,
    });
    return false;
  }
}
