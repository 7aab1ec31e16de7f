/**
 * The equation of the ledger: every record that was read is accounted for exactly once. Pure and
 * without zod, so that the page can import it.
 */

/** What became of the records of one partition, or of all together. */
export interface LedgerCounts {
  /** Offsets of the log that were read. */
  read: number;
  /** Events that were counted. */
  stored: number;
  /** Records that repeated an event. */
  duplicates: number;
  /** Records that are not events. */
  rejected: number;
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
  absent,
}: Omit<LedgerCounts, "read" | "lost">) => stored + duplicates + rejected + absent;

/** Whether every record that was read is accounted for, and none was lost. */
export const isBalanced = (counts: LedgerCounts) =>
  counts.read === accountedFor(counts) && counts.lost === 0;
