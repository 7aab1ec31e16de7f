/** A failure that no retry mends; the message says what to do. */
export class DeliveryError extends Error {
  override name = "DeliveryError";
}
