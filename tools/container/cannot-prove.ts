/** Thrown where this machine has not what a proof needs: then nothing is wrong, and nothing proved. */
export class CannotProve extends Error {
  override name = "CannotProve";
}
