/**
 * Tells a failure of Kafka that waiting can mend from one that it cannot, and says each in words.
 * kafkajs' own mark is no help: it calls an outage that outlasts its retries permanent, and a
 * certificate that it refuses an outage.
 */
import type { Config } from "../lib/config.ts";
import { certificateRefusal } from "../lib/tls.ts";

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
  broker?: string;
  originalError?: unknown;
}

/** The error that started a chain of wrapped ones. */
function rootOf(error: unknown): KafkaError {
  let root = (error ?? {}) as KafkaError;
  for (let depth = 0; depth < 8; depth++) {
    const inner = (root.cause ?? root.originalError) as KafkaError | undefined;
    if (!(inner instanceof Error) || inner === root) return root;
    root = inner;
  }
  return root;
}

/** True when the same request may succeed later, without any change. */
export function isTransient(error: unknown): boolean {
  const root = rootOf(error);
  if (root.name === "KafkaJSProtocolError") return root.retriable === true;
  return TRANSIENT_NAMES.has(root.name);
}

/** True when the broker does not know the topic: not there, or not there yet after a restart. */
export function isUnknownTopic(error: unknown): boolean {
  return rootOf(error).type === "UNKNOWN_TOPIC_OR_PARTITION";
}

/** True when a person has to change a setting: the login or the broker's certificate is refused. */
export function isRefusal(error: unknown): boolean {
  const root = rootOf(error);
  return isRefusedLogin(root) || certificateRefusal(root) !== undefined;
}

const isRefusedLogin = (root: KafkaError) => root.name === "KafkaJSSASLAuthenticationError";

/** The reason in one line. */
export function reasonOf(error: unknown): string {
  const { message } = rootOf(error);
  return message
    .replace(/\s+/g, " ")
    .replace(/^Connection error: /, "")
    .replace(/\.$/, "");
}

/** Why the cluster cannot be used, and the setting or the command that mends it. */
export function explainKafka(config: Config, error: unknown): string {
  const root = rootOf(error);
  const brokers = config.KAFKA_BROKERS.join(", ");
  const reason = reasonOf(root);
  if (isRefusedLogin(root)) {
    return `Cannot log in to Kafka at ${brokers}: ${reason}; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`;
  }
  switch (certificateRefusal(root)) {
    case "host":
      return `Cannot trust Kafka at ${root.broker ?? brokers}: its certificate is for another host; name it in KAFKA_BROKERS as its certificate does`;
    case "authority":
      return `Cannot trust Kafka at ${root.broker ?? brokers}: ${reason}; set KAFKA_TLS_CA to a file with the certificate of its authority`;
  }
  if (/TLS connection/.test(reason)) {
    return `Cannot reach Kafka at ${brokers}: ${reason}; check KAFKA_TLS, it may not speak TLS there`;
  }
  if (root.name === "KafkaJSConnectionClosedError") {
    return `Cannot reach Kafka at ${brokers}: it closed the connection; check KAFKA_TLS and KAFKA_SASL_MECHANISM, it may want TLS or a login`;
  }
  return `Cannot reach Kafka at ${brokers}: ${reason}; start it with \`bun run up kafka\`, or set KAFKA_BROKERS`;
}
