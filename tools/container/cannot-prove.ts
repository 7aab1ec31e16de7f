/**
 * Thrown where this machine lacks something that a proof needs: nothing is wrong, and nothing
 * proved.
 */
export class CannotProve extends Error {
  override name = "CannotProve";
}

/** The exit status for that. */
export const NOT_RUN = 3;
