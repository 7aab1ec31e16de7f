/**
 * The kinds of Kafka failures that callers treat differently, and the words for each. All programs
 * act alike: they wait for an outage to end. A refusal ends the program, since only a changed
 * setting helps. Any other failure would repeat forever and ends the program, too.
 */
import type { Config } from "../lib/config.ts";
import { DeadlineError, deadline } from "../lib/wait.ts";

/** Kafka answered with an error that no retry can fix. */
export class KafkaError extends Error {
  override name = "KafkaError";
  /** The reason, in a few words. */
  readonly reason: string;
  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Kafka cannot be used now; the same request may succeed later, without any change. */
export class OutageError extends KafkaError {
  override name = "OutageError";
}

/** Kafka refuses the login or the request, or its certificate is refused: a setting is wrong. */
export class RefusedError extends KafkaError {
  override name = "RefusedError";
}

/** The topic does not exist, or a broker that has just started does not know it yet. */
export class TopicMissingError extends KafkaError {
  override name = "TopicMissingError";
}

/** How long a broker that has just started may not know a topic, in milliseconds. */
export const UNKNOWN_TOPIC_MS_MAX = 5_000;

/** What a client found out about a failure. */
export interface Failure {
  kind:
    | "outage"
    /** The broker closed the connection, as a broker does that expects TLS or a login. */
    | "closed"
    | "login"
    | "permission"
    /** The certificate of the broker is for another host. */
    | "host"
    /** The authority of the certificate is not trusted. */
    | "authority"
    | "topic"
    /** A program of another kind is in the consumer group. */
    | "group"
    | "other";
  /** The client's own words. */
  reason: string;
  /** `host:port` of the broker, where it is known. */
  broker?: string | undefined;
}

/** The error to throw. It says what to do in terms of the settings. */
export function errorOf(config: Config, { kind, reason, broker }: Failure, cause?: unknown): Error {
  const brokers = config.KAFKA_BROKERS.join(", ");
  const options = { cause };
  const cannotTrust = `Cannot trust Kafka at ${broker ?? brokers}`;
  switch (kind) {
    case "outage":
    case "closed":
      return new OutageError(explainOutage(brokers, reason, kind === "closed"), reason, options);
    case "login":
      return new RefusedError(
        `Cannot log in to Kafka at ${brokers}: ${reason}; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`,
        reason,
        options,
      );
    case "permission":
      return new RefusedError(
        `Cannot use Kafka at ${brokers}: ${reason}; grant it to ${config.KAFKA_SASL_USERNAME ?? "anonymous clients"}, or set another KAFKA_SASL_USERNAME`,
        reason,
        options,
      );
    case "host":
      return new RefusedError(
        `${cannotTrust}: its certificate is for another host; name it in KAFKA_BROKERS as its certificate does`,
        reason,
        options,
      );
    case "authority":
      return new RefusedError(
        `${cannotTrust}: ${reason}; set KAFKA_TLS_CA to a file with the certificate of its authority`,
        reason,
        options,
      );
    case "topic":
      return new TopicMissingError(
        `Cannot find a topic of this name in Kafka at ${brokers}; create it with \`bun run migrate\``,
        reason,
        options,
      );
    case "group":
      return new RefusedError(
        `Cannot join the consumer group ${config.KAFKA_GROUP_ID} (KAFKA_GROUP_ID): another program is a member, and shares partitions in another way; stop it, or give it a group of its own`,
        reason,
        options,
      );
    case "other":
      return new KafkaError(`Cannot go on with Kafka at ${brokers}: ${reason}`, reason, options);
  }
}

function explainOutage(brokers: string, reason: string, isClosed: boolean): string {
  if (/TLS connection/.test(reason)) {
    return `Cannot reach Kafka at ${brokers}: ${reason}; check KAFKA_TLS, it may not speak TLS there`;
  }
  if (isClosed) {
    return `Cannot reach Kafka at ${brokers}: it closed the connection; check KAFKA_TLS and KAFKA_SASL_MECHANISM, it may want TLS or a login`;
  }
  return `Cannot reach Kafka at ${brokers}: ${reason}; start it with \`bun run up kafka\`, or set KAFKA_BROKERS`;
}

/**
 * Resolves like the request, within `msMax` milliseconds; the request itself goes on.
 * @throws OutageError when there is no answer by then
 */
export async function answerWithin<Answer>(
  config: Config,
  msMax: number,
  request: Promise<Answer>,
): Promise<Answer> {
  try {
    return await deadline(request, msMax);
  } catch (error) {
    throw error instanceof DeadlineError ? outage(config, error) : error;
  }
}

/** Turns an error from outside Kafka, such as a socket's, into an outage. */
export const outage = (config: Config, error: unknown): Error =>
  error instanceof KafkaError
    ? error
    : errorOf(config, { kind: "outage", reason: reasonOf(error) }, error);

/** The topic of the settings does not exist. */
export const topicMissing = (topic: string) =>
  new TopicMissingError(
    `Cannot use the topic ${topic}: it does not exist; create it with \`bun run migrate\`, or name another with KAFKA_TOPIC`,
    "the topic does not exist",
  );

/** The reason of a failure in a few words. */
export const reasonOf = (error: unknown): string =>
  error instanceof KafkaError
    ? error.reason
    : error instanceof Error
      ? error.message || error.name
      : String(error);
