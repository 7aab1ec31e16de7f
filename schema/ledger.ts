/**
 * The equation of the ledger: every record that was read is accounted for exactly once. Pure and
 * without zod, so that the page can import it.
 */

/** What became of the records of one partition, or of all together. */
export interface LedgerCounts {
  /** Offsets of the log that were read. */
  read: number;
  /** Events that were counted, also those that were taken back later. */
  stored: number;
  /** Records that repeated an event. */
  duplicates: number;
  /** Records that are not events. */
  rejected: number;
  /** Records that take an event back. */
  retractions: number;
  /** Events that were taken back. */
  retracted: number;
  /** Stored events that the tables no longer hold, since they were taken back. */
  removed: number;
  /** Offsets that hold nothing for readers: transactions that were aborted, and markers. */
  absent: number;
  /** Records that the log deleted or forgot before they were read. */
  lost: number;
}

/** Records with a known fate: `read`, when nothing was lost. */
export const accountedFor = ({
  stored,
  duplicates,
  rejected,
  retractions,
  absent,
}: Pick<LedgerCounts, "stored" | "duplicates" | "rejected" | "retractions" | "absent">) =>
  stored + duplicates + rejected + retractions + absent;

/** Events that the tables have to hold. */
export const eventsInTables = ({ stored, removed }: Pick<LedgerCounts, "stored" | "removed">) =>
  stored - removed;

/** Events that were taken back and that the tables still hold, until a replay. */
export const eventsToRemove = ({
  retracted,
  removed,
}: Pick<LedgerCounts, "retracted" | "removed">) => retracted - removed;

/** Whether every record that was read is accounted for, and none was lost. */
export const isBalanced = (counts: LedgerCounts) =>
  counts.read === accountedFor(counts) && counts.lost === 0;
