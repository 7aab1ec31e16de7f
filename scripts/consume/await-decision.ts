/** A partition stands at a record batch that cannot be read, until a person passes over it. */
import { describeStandstill, readSkips, type Standstill } from "../ledger/standstill.ts";
import type { Dependency } from "../lib/dependency.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { pause, retry } from "../lib/wait.ts";
import type { PartitionWriter } from "./partition-writer.ts";
import { type PartitionKey, storeStandstill } from "./store.ts";

const log = getLogger(["consume"]);

/** How often a partition that stands looks whether a person has decided. */
const DECISION_INTERVAL_MS = 1_000;

export interface StandOptions {
  sql: Sql;
  postgres: Dependency;
  key: PartitionKey;
  /** Where its reader stands. */
  writer: PartitionWriter;
  /** False once the partition is no longer counted here. */
  isStanding(): boolean;
  signal: AbortSignal;
}

/**
 * Stores the note of the batch behind everything that was read before, and waits. Resolves to true
 * when a person has passed over the batch: the reader does so from then on. Resolves to false when
 * the partition is no longer counted here.
 * @throws FencedError when another consumer counts the partition
 */
export async function awaitDecision(
  standstill: Standstill,
  options: StandOptions,
): Promise<boolean> {
  const { sql, postgres, key, writer, isStanding, signal } = options;
  const { topic, partition } = key;
  const { from, to } = standstill;
  const fromDatabase = <Result>(work: () => Promise<Result>) =>
    retry(() => postgres.watch(work), {
      isRetryable: (error) => postgres.isOutage(error) && isStanding(),
      signal,
    });
  log.error("Counting of a partition stands; the others go on", {
    partition,
    why: describeStandstill(partition, standstill),
  });
  await writer.flush();
  if (!isStanding()) return false;
  await fromDatabase(() => storeStandstill(sql, key, writer.storedOffset, standstill));
  while (isStanding()) {
    const skips = (await fromDatabase(() => readSkips(sql, topic))).get(partition) ?? [];
    if (isStanding() && skips.some((skip) => skip.from <= to && skip.to >= from)) {
      log.warning("A person has passed over records that cannot be read", { partition, from });
      writer.reader.skips = skips;
      return true;
    }
    await pause(DECISION_INTERVAL_MS, signal);
  }
  return false;
}
