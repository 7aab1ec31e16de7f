/**
 * The result of checking one hop on the way of an event: what went in must have come out. Each hop is
 * one file beside this one. `verify.ts` runs them in the order of the data.
 */

export interface HopResult {
  /** From where to where, such as "kafka → consumer". */
  hop: string;
  /** The equation with its numbers filled in, for a person. */
  equation: string;
  holds: boolean;
  /** Nothing was asked, so the hop counts neither as proved nor as differing. */
  isNotAsked?: boolean;
  /** The numbers of the equation, for programs. */
  numbers: Record<string, number>;
  /** Why the equation does not hold, or what is worth knowing although it does. */
  remarks: string[];
}
