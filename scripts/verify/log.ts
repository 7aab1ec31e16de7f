/**
 * Kafka → consumer: every offset up to the stored one is accounted for as stored, duplicate, rejected,
 * retraction or absent. The topic is still the same, it is not compacted, no record was lost, and counting
 * stands nowhere.
 */
import { isBalanced } from "../../schema/ledger.ts";
import type { LogState } from "../kafka/log.ts";
import { type PartitionLedger, totalsOf } from "../ledger/ledger.ts";
import { describeStandstill } from "../ledger/standstill.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";

export function verifyLog(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
  isCompacted: boolean,
): HopResult {
  const totals = totalsOf(ledgers);
  const { read, stored, duplicates, rejected, retractions, retracted, absent } = totals;
  const numbers = {
    ...totals,
    waiting: waitingRecords(log, ledgers),
    deletedUnread: sum(ledgers.map((ledger) => deletedUnread(ledger, log.get(ledger.partition)))),
    inOpenTransactions: sum(log.values().map(({ logEnd, appendEnd }) => appendEnd - logEnd)),
  };
  const forwarded = sum(ledgers.map(({ forwarded }) => forwarded));
  const faults = [
    ...(isCompacted ? [COMPACTED] : []),
    ...ledgers.flatMap((ledger) => faultsOf(ledger, log.get(ledger.partition))),
  ];
  return {
    hop: "kafka → consumer",
    equation: `${read} read = ${stored} stored + ${duplicates} duplicates + ${rejected} rejected${retractions ? ` + ${retractions} retractions` : ""}${absent ? ` + ${absent} absent` : ""}`,
    holds: faults.length === 0 && isBalanced(totals) && numbers.waiting >= 0,
    numbers,
    remarks: [
      ...faults,
      ...(forwarded > 0
        ? [`${forwarded} of the duplicates were sent to their user's partition`]
        : []),
      ...(retractions > 0 ? [`${retracted} of the retractions took an event back`] : []),
      ...(numbers.waiting > 0 ? [`${numbers.waiting} wait in the log`] : []),
      ...(numbers.inOpenTransactions > 0
        ? [`${numbers.inOpenTransactions} wait for the end of a transaction that is open`]
        : []),
    ],
  };
}

const COMPACTED =
  "the topic is compacted, so the log forgets events; `bun run migrate --only topic` says how to end that";

/** Records that the log has deleted before they were counted, markers among them. */
const deletedUnread = ({ nextOffset }: PartitionLedger, log: LogState | undefined) =>
  Math.max(0, (log?.logStart ?? 0) - nextOffset);

/** Records that readers could get by now and that have not been counted yet. */
export function waitingRecords(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): number {
  const nextOffsets = new Map(ledgers.map(({ partition, nextOffset }) => [partition, nextOffset]));
  return sum(
    Array.from(
      log,
      ([partition, { logStart, logEnd }]) =>
        logEnd - Math.max(logStart, nextOffsets.get(partition) ?? logStart),
    ),
  );
}

function faultsOf(ledger: PartitionLedger, log: LogState | undefined): string[] {
  const name = `partition ${ledger.partition}`;
  const deleted = deletedUnread(ledger, log);
  if (!log) return [`${name} was counted but is not in the topic`];
  return [
    ...(log.topicId === ledger.topicId
      ? []
      : [`${name} was counted in another topic of this name`]),
    ...(ledger.nextOffset <= log.logEnd
      ? []
      : [`${name}: ${ledger.nextOffset} offsets counted, but the log ends at ${log.logEnd}`]),
    ...(deleted === 0
      ? []
      : [
          `${name}: the log has deleted ${deleted} records unread, offsets ${ledger.nextOffset} to ${log.logStart - 1}; the consumer goes on without them only with CONSUMER_LOST_RECORDS=accept`,
        ]),
    ...(ledger.lost === 0 ? [] : [`${name}: ${ledger.lost} records were deleted unread`]),
    ...(ledger.standstill === null
      ? []
      : [describeStandstill(ledger.partition, ledger.standstill)]),
  ];
}
