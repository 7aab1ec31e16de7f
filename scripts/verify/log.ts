/**
 * Kafka → consumer: every offset up to the stored one is accounted for as stored, duplicate, rejected
 * or absent. The topic is still the same, and no record was lost.
 */
import { isBalanced } from "../../schema/ledger.ts";
import type { LogState } from "../kafka/log.ts";
import { type PartitionLedger, totalsOf } from "../ledger/ledger.ts";
import { sum } from "../lib/sum.ts";
import type { HopResult } from "./hop.ts";

export function verifyLog(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): HopResult {
  const totals = totalsOf(ledgers);
  const { read, stored, duplicates, rejected, absent } = totals;
  const numbers = { ...totals, waiting: waitingRecords(log, ledgers) };
  const forwarded = sum(ledgers.map(({ forwarded }) => forwarded));
  const faults = ledgers.flatMap((ledger) => faultsOf(ledger, log.get(ledger.partition)));
  return {
    hop: "kafka → consumer",
    equation: `${read} read = ${stored} stored + ${duplicates} duplicates + ${rejected} rejected${absent ? ` + ${absent} absent` : ""}`,
    holds: faults.length === 0 && isBalanced(totals) && numbers.waiting >= 0,
    numbers,
    remarks: [
      ...faults,
      ...(forwarded > 0
        ? [`${forwarded} of the duplicates were sent to their user's partition`]
        : []),
      ...(numbers.waiting > 0 ? [`${numbers.waiting} wait in the log`] : []),
    ],
  };
}

/** Records of the log that have not been counted yet. */
export function waitingRecords(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly PartitionLedger[],
): number {
  const nextOffsets = new Map(ledgers.map(({ partition, nextOffset }) => [partition, nextOffset]));
  return sum(
    Array.from(
      log,
      ([partition, { logStart, logEnd }]) => logEnd - (nextOffsets.get(partition) ?? logStart),
    ),
  );
}

function faultsOf(ledger: PartitionLedger, log: LogState | undefined): string[] {
  const name = `partition ${ledger.partition}`;
  if (!log) return [`${name} was counted but is not in the topic`];
  return [
    ...(log.topicId === ledger.topicId
      ? []
      : [`${name} was counted in another topic of this name`]),
    ...(ledger.nextOffset <= log.logEnd
      ? []
      : [`${name}: ${ledger.nextOffset} offsets counted, but the log ends at ${log.logEnd}`]),
    ...(ledger.lost === 0 ? [] : [`${name}: ${ledger.lost} records were deleted unread`]),
  ];
}
