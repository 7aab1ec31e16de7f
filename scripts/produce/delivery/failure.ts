/**
 * Tells a failure that waiting can mend from one that it cannot, and says each in words. kafkajs'
 * own mark is no help: it calls an outage that outlasts its retries permanent.
 */

/** A failure that no retry mends; the message says what to do. */
export class DeliveryError extends Error {
  override name = "DeliveryError";
}

/** kafkajs' names of errors after which the same request may succeed. */
const TRANSIENT_NAMES = new Set([
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSRequestTimeoutError",
  "KafkaJSBrokerNotFound",
  "KafkaJSMetadataNotLoaded",
  "KafkaJSTopicMetadataNotLoaded",
  "KafkaJSNoBrokerAvailableError",
  // Requests to one broker queue up behind a lock, which gives up after 65 s of outage. The record
  // was not sent and has no sequence number yet.
  "KafkaJSLockTimeout",
]);

interface KafkaError extends Error {
  retriable?: boolean;
  type?: string;
  code?: string | number;
  originalError?: unknown;
}

/** The error that started a chain of wrapped ones. */
function rootOf(error: unknown): KafkaError {
  let root = error as KafkaError;
  for (let depth = 0; depth < 8; depth++) {
    const inner = (root.cause ?? root.originalError) as KafkaError | undefined;
    if (!(inner instanceof Error) || inner === root) return root;
    root = inner;
  }
  return root;
}

/** True when the same records may be accepted later, without any change. */
export function isTransient(error: unknown): boolean {
  const root = rootOf(error);
  if (root.name === "KafkaJSProtocolError") return root.retriable === true;
  return TRANSIENT_NAMES.has(root.name);
}

/** True when the broker does not know the topic: not there, or not there yet after a restart. */
export function isUnknownTopic(error: unknown): boolean {
  return rootOf(error).type === "UNKNOWN_TOPIC_OR_PARTITION";
}

/** True when user name, password or their mechanism were refused. */
export function isRefusedLogin(error: unknown): boolean {
  return rootOf(error).name === "KafkaJSSASLAuthenticationError";
}

/** The reason in one line. */
export function reasonOf(error: unknown): string {
  const { message } = rootOf(error);
  return message.replace(/\s+/g, " ").replace(/\.$/, "");
}
