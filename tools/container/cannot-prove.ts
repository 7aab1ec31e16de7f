/** Thrown where this machine has not what a proof needs: then nothing is wrong, and nothing proved. */
export class CannotProve extends Error {
  override name = "CannotProve";
}

/** The exit status for that. */
export const NOT_RUN = 3;
