/**
 * Opens a partition at its counted offset, and decides what happens when the log no longer reaches
 * back to it. Called at each assignment.
 */
import { join } from "node:path";
import { AHEAD_MS_MAX } from "../../schema/moment.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import {
  type DuplicateRule,
  inheritedBy,
  retractsFrom,
  type WantedRule,
} from "../ledger/duplicate-rules.ts";
import { readLedgers } from "../ledger/ledger.ts";
import { readSkips } from "../ledger/standstill.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { claimPartition } from "./claim.ts";
import type { Dependencies } from "./dependencies.ts";
import { homesOf } from "./homes.ts";
import type { HorizonIndex } from "./horizon/horizon-index.ts";
import { openIndex } from "./horizon/open-index.ts";
import { beginOf, inherit } from "./inherit.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import { momentsOf } from "./moments.ts";
import { PartitionReader } from "./partition-reader.ts";
import type { PartitionKey } from "./store.ts";

const logger = getLogger(["consume"]);
const HOUR_MS = 3_600_000;

/** The indexes of event ids, one folder for each partition that this machine counts. */
export const indexFolder = ({ STATE_DIR }: Config) => join(STATE_DIR, "horizon");

export interface OpenOptions {
  config: Config;
  kafka: Kafka;
  sql: Sql;
  metrics: ConsumerMetrics;
  dependencies: Dependencies;
}

export interface OpenedPartition {
  reader: PartitionReader;
  index: HorizonIndex;
  /** The rules by which it counts. */
  rules: readonly DuplicateRule[];
}

/**
 * Claims the partition and takes its index of ids over. The reader starts where the index ends, when
 * that is before the place from which it counts.
 * @throws NeedsPersonError when only a person can decide how to continue
 */
export async function openPartition(
  { config, kafka, sql, metrics, dependencies: { postgres } }: OpenOptions,
  key: PartitionKey,
  log: ReadonlyMap<number, LogState>,
  seed: number,
): Promise<OpenedPartition> {
  const horizonMs = config.DUPLICATE_HORIZON_HOURS * HOUR_MS;
  const state = log.get(key.partition);
  if (!state) throw new Error(`Cannot find partition ${key.partition} of the topic`);
  const wanted: WantedRule = {
    horizonMs,
    partitions: log.size,
    aheadMsMax: AHEAD_MS_MAX,
    retracts: true,
  };
  const { nextOffset, mark, rules } = await postgres.watch(() =>
    claimPartition(config, sql, key, state, wanted),
  );
  const skips = await postgres.watch(() => readSkips(sql, key.topic));
  const inherits = inheritedBy(rules.at(-1));
  const index = takeIndex(
    config,
    key.partition,
    state,
    nextOffset,
    beginOf(inherits, state.logStart),
  );
  if (inherits.length > 0) {
    const { topic, partition } = key;
    const ledgers = await postgres.watch(() => readLedgers(sql, config));
    await inherit(index, inherits, { kafka, topic, partition, log, ledgers, skips });
  }
  const { last } = index;
  const reader = new PartitionReader({
    readFrom: Math.min(nextOffset, Math.max(index.validTo, state.logStart)),
    countFrom: nextOffset,
    duplicates: index,
    onForgotten: (from, to) => acceptLoss({ config, metrics }, key, { from, to, why: FORGOTTEN }),
    last:
      last && last.offset >= state.logStart && state.logStart <= nextOffset
        ? { offset: last.offset, check: (batch) => index.checkLast(batch) }
        : undefined,
    isHome: homesOf(key.partition, rules),
    momentCounts: momentsOf(rules),
    retractsFrom: retractsFrom(rules),
    skips: skips.get(key.partition) ?? [],
    mark,
    seed,
  });
  if (state.logStart > nextOffset) loseTo({ config, metrics }, key, reader, state.logStart);
  return { reader, index, rules };
}

function takeIndex(
  config: Config,
  partition: number,
  { topicId, logStart, logEnd }: LogState,
  countFrom: number,
  begin: number,
): HorizonIndex {
  const startMs = performance.now();
  const { index, discarded } = openIndex(
    {
      folder: indexFolder(config),
      topicId,
      partition,
      horizonMs: config.DUPLICATE_HORIZON_HOURS * HOUR_MS,
    },
    { logStart, logEnd, countFrom, begin },
  );
  if (discarded !== undefined) {
    logger.warning("The index of event ids is made again from the log", {
      partition,
      why: discarded,
    });
  }
  logger.info("Took the index of event ids up", {
    partition,
    ids: index.ids,
    durationMs: Math.round(performance.now() - startMs),
  });
  const unread = countFrom - Math.max(logStart, index.validTo);
  if (unread > 0)
    logger.info("Reading ids that were counted before", { partition, records: unread });
  return index;
}

const DELETED = "the log has deleted them unread";
const FORGOTTEN = "the log holds no record there any more, as after compaction";

/**
 * Retention has overtaken the consumer: what the log has deleted unread is counted as lost.
 * @throws NeedsPersonError unless the setting accepts the loss
 */
export function loseTo(
  options: Pick<OpenOptions, "config" | "metrics">,
  key: PartitionKey,
  reader: PartitionReader,
  logStart: number,
): void {
  const from = Math.max(reader.position, reader.countFrom);
  acceptLoss(options, key, { from, to: logStart, why: DELETED });
  reader.loseTo(logStart);
}

/** Events are gone for good, and that must be visible. */
function acceptLoss(
  { config, metrics }: Pick<OpenOptions, "config" | "metrics">,
  { topic, partition }: PartitionKey,
  { from, to, why }: { from: number; to: number; why: string },
): void {
  const range = `offsets ${from} to ${to - 1} of ${topic}/${partition}`;
  if (config.CONSUMER_LOST_RECORDS === "stop") {
    throw new NeedsPersonError(
      `Cannot count ${range}: ${why}; to go on without them, and have verify report them as lost, set CONSUMER_LOST_RECORDS=accept`,
    );
  }
  metrics.lost.inc(to - from);
  logger.error("Records are gone unread and are counted as lost", { range, why });
}
