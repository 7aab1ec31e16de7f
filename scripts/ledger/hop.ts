/**
 * What a hop of the way of an event must prove: that what went in came out. Each hop is one file
 * beside this one; `verify.ts` runs them in the order of the data and names the first that differs.
 */

export interface HopResult {
  /** Where from and where to, in the words of the README. */
  hop: string;
  /** The equation with its numbers filled in, for a person. */
  equation: string;
  holds: boolean;
  /** There is nothing to prove yet: the hop counts neither as proved nor as differing. */
  isMissing?: boolean;
  /** The numbers of the equation, for machines. */
  numbers: Record<string, number>;
  /** What is worth knowing although the equation holds, or why it does not. */
  remarks: string[];
}

/** The ledger of one partition, as `consumer_offsets` keeps it. */
export interface Ledger {
  partition: number;
  topicId: string;
  firstOffset: number;
  nextOffset: number;
  stored: number;
  duplicates: number;
  rejected: number;
  absent: number;
  lost: number;
  windowRecords: number;
}

export const sum = <T>(rows: readonly T[], value: (row: T) => number) =>
  rows.reduce((total, row) => total + value(row), 0);
