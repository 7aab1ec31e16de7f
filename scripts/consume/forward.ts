/**
 * Sends records to the home of their user: those that a client has put into another partition, by a
 * partitioner that is not Kafka's own. A record that is sent twice after a crash counts once.
 */
import { encodeAnyRecords } from "../kafka/encode-records.ts";
import type { Appender, Kafka } from "../kafka/log.ts";
import type { Dependency } from "../lib/dependency.ts";
import { getLogger } from "../lib/log.ts";
import { retry } from "../lib/wait.ts";
import { homeOf } from "./homes.ts";
import { originHeader } from "./origin.ts";
import type { Stray } from "./tally.ts";

const RECORDS_MAX = 1_000;
const LOGGED_AGAIN_MS = 60_000;

const log = getLogger(["consume"]);

export interface ForwarderOptions {
  kafka: Kafka;
  topic: string;
  signal: AbortSignal;
  /** Notes each attempt that fails because Kafka is away. */
  dependency: Dependency;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  #appender: Promise<Appender> | undefined;
  /** Appenders of fewer partitions than there are now; records may still be under way by them. */
  readonly #outgrown: Promise<Appender>[] = [];
  /** By home: the work that is under way, since a partition takes one call at a time. */
  readonly #lanes = new Map<number, Promise<void>>();
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all replicas in sync have the records.
   * @throws the reason of the signal, and a refusal of Kafka
   */
  async send(from: number, strays: readonly Stray[], partitions: number): Promise<void> {
    if (strays.length === 0) return;
    this.#say(from, strays.length);
    const byHome = Map.groupBy(strays, ({ userId }) => homeOf(userId, partitions));
    await Promise.all(
      byHome
        .entries()
        .map(([home, records]) => this.#queue(home, () => this.#append(home, from, records))),
    );
  }

  async close(): Promise<void> {
    const opened = this.#appender ? [...this.#outgrown, this.#appender] : this.#outgrown;
    const appenders = await Promise.all(opened.map((appender) => appender.catch(() => undefined)));
    await Promise.all(appenders.map((appender) => appender?.close()));
  }

  #queue(home: number, work: () => Promise<void>): Promise<void> {
    const before = this.#lanes.get(home) ?? Promise.resolve();
    const after = before.catch(() => {}).then(work);
    this.#lanes.set(home, after);
    return after;
  }

  async #append(home: number, from: number, strays: readonly Stray[]): Promise<void> {
    for (let at = 0; at < strays.length; at += RECORDS_MAX) {
      const records = encodeAnyRecords(
        strays.slice(at, at + RECORDS_MAX).map(({ offset, userId, value, origin }) => ({
          key: String(userId),
          value,
          headers: originHeader(origin ?? { partition: from, offset }),
        })),
      );
      const { dependency, signal } = this.#options;
      const append = async () => (await this.#appenderFor(home)).append(home, records);
      await retry(() => dependency.watch(append), {
        isRetryable: (error) => dependency.isOutage(error),
        signal,
      });
    }
  }

  /** An appender that knows the partition, also when it was added since the first record. */
  async #appenderFor(home: number): Promise<Appender> {
    const opening = this.#open();
    const appender = await opening;
    if (home < appender.partitionCount) return appender;
    if (this.#appender === opening) {
      this.#outgrown.push(opening);
      this.#appender = undefined;
    }
    return this.#open();
  }

  #open(): Promise<Appender> {
    const { kafka, topic } = this.#options;
    this.#appender ??= kafka.openAppender(topic).catch((error) => {
      this.#appender = undefined;
      throw error;
    });
    return this.#appender;
  }

  #say(partition: number, records: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs < LOGGED_AGAIN_MS) return;
    this.#loggedMs = nowMs;
    log.warning(
      "A client puts events of one user into several partitions; they are sent on to their home. Let it use Kafka's default partitioner with the user id as key (librdkafka: partitioner=murmur2_random)",
      { partition, records },
    );
  }
}
