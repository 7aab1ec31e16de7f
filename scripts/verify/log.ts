/**
 * Kafka → consumer: every offset of the log up to the stored one is accounted for as stored,
 * duplicate, rejected or absent, in the same topic, and none was lost.
 */
import type { LogState } from "../kafka/log.ts";
import { type HopResult, type Ledger, sum } from "../ledger/hop.ts";

export function verifyLog(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly Ledger[],
): HopResult {
  const total = (name: "stored" | "duplicates" | "rejected" | "absent" | "lost") =>
    sum(ledgers, (ledger) => ledger[name]);
  const read = sum(ledgers, ({ firstOffset, nextOffset }) => nextOffset - firstOffset);
  const numbers = {
    read,
    stored: total("stored"),
    duplicates: total("duplicates"),
    rejected: total("rejected"),
    absent: total("absent"),
    lost: total("lost"),
    waiting: waitingRecords(log, ledgers),
  };
  const accounted = numbers.stored + numbers.duplicates + numbers.rejected + numbers.absent;
  const faults = ledgers.flatMap((ledger) => faultsOf(ledger, log.get(ledger.partition)));
  return {
    hop: "kafka → consumer",
    equation: `${read} read = ${numbers.stored} stored + ${numbers.duplicates} duplicates + ${numbers.rejected} rejected${numbers.absent ? ` + ${numbers.absent} absent` : ""}`,
    holds: faults.length === 0 && read === accounted && numbers.waiting >= 0,
    numbers,
    remarks: [...faults, ...(numbers.waiting > 0 ? [`${numbers.waiting} wait in the log`] : [])],
  };
}

/** Records of the log that have not been counted yet. */
export function waitingRecords(
  log: ReadonlyMap<number, LogState>,
  ledgers: readonly Ledger[],
): number {
  const nextOffsets = new Map(ledgers.map(({ partition, nextOffset }) => [partition, nextOffset]));
  return sum(
    [...log],
    ([partition, { logStart, logEnd }]) => logEnd - (nextOffsets.get(partition) ?? logStart),
  );
}

function faultsOf(ledger: Ledger, log: LogState | undefined): string[] {
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
