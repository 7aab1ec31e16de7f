/**
 * Sends records to a topic: exactly once while the process lives, and in order for each key. The
 * number of records in memory is bounded. After an outage it retries. A failure that no retry can
 * fix stops it with an error.
 *
 * Each partition is a lane with one request at a time. That keeps its records in order, and makes
 * it safe to repeat a request without an answer.
 */
import type { Message } from "../../kafka/encode-records.ts";
import { OutageError, reasonOf, TopicMissingError } from "../../kafka/failure.ts";
import { partitionOf } from "../../kafka/partition.ts";
import type { Dependency } from "../../lib/dependency.ts";
import { retry } from "../../lib/wait.ts";
import { DeliveryError } from "./delivery-error.ts";

export interface Transport {
  readonly partitionCount: number;
  /** Resolves when all replicas in sync have the records; rejects when that is unknown. */
  send(partition: number, messages: Message[]): Promise<void>;
}

/** About 300 KB, well below a broker's limit of 1 MB for a batch; more made it no faster. */
const MESSAGES_PER_REQUEST_MAX = 2_000;
/** Records that wait for an answer or for their turn: about 2 MB. */
const PENDING_MAX = 16_384;
const BACKOFF_MS_MAX = 3_000;
/** After a broker's start a topic may be unknown for moments. Beyond this time it was deleted. */
const UNKNOWN_TOPIC_MS_MAX = 30_000;

export class Sender {
  /** Records that are safely stored. */
  sent = 0;
  /** Records that wait for an answer or for their turn. */
  pending = 0;
  readonly #transport: Transport;
  readonly #kafka: Dependency;
  readonly #lanes: { queue: Message[]; isBusy: boolean }[];
  readonly #failed = new AbortController();
  #failure: Error | undefined;
  #waiting: { pendingMax: number; settle: PromiseWithResolvers<void> }[] = [];

  constructor(transport: Transport, kafka: Dependency) {
    this.#transport = transport;
    this.#kafka = kafka;
    this.#lanes = Array.from({ length: transport.partitionCount }, () => ({
      queue: [],
      isBusy: false,
    }));
  }

  /** True when no more should be added before `room()` resolves. */
  get full(): boolean {
    return this.pending >= PENDING_MAX || this.#failure !== undefined;
  }

  /** Takes a record; it is sent as soon as its partition's turn comes. */
  add(message: Message): void {
    const partition = partitionOf(message.key, this.#lanes.length);
    const lane = this.#lanes[partition]!;
    lane.queue.push(message);
    this.pending += 1;
    if (lane.isBusy) return;
    lane.isBusy = true;
    // The caller may add more records before it yields; they travel together.
    queueMicrotask(() => void this.#work(partition));
  }

  /** Resolves when more may be added; rejects on a failure that no retry mends. */
  room(): Promise<void> {
    return this.#until(PENDING_MAX / 2);
  }

  /** Resolves when everything that was added is stored; rejects when that cannot be reached. */
  flush(): Promise<void> {
    return this.#until(0);
  }

  /** Gives up on what is not stored yet; a request under way may still succeed. */
  abandon(reason: string): void {
    this.#fail(new DeliveryError(`Cannot send to Kafka: ${reason}`));
  }

  async #work(partition: number): Promise<void> {
    const lane = this.#lanes[partition]!;
    try {
      while (lane.queue.length > 0 && !this.#failure) {
        const messages = lane.queue.splice(0, MESSAGES_PER_REQUEST_MAX);
        await this.#deliver(partition, messages);
        this.sent += messages.length;
        this.pending -= messages.length;
        this.#notify();
      }
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      lane.isBusy = false;
    }
  }

  async #deliver(partition: number, messages: Message[]): Promise<void> {
    try {
      await retry(() => this.#kafka.watch(() => this.#transport.send(partition, messages)), {
        msMax: BACKOFF_MS_MAX,
        isRetryable: (error) => this.#mayPass(error),
        onRetry: (error) => this.#noteMissing(error),
        signal: this.#failed.signal,
      });
    } catch (error) {
      throw new DeliveryError(`Cannot send to Kafka: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** For the dependency, a topic that is missing is not an outage. */
  #noteMissing(error: unknown): void {
    if (error instanceof TopicMissingError) this.#kafka.failed(error);
  }

  #mayPass(error: unknown): boolean {
    if (error instanceof TopicMissingError) return this.#kafka.awayMs <= UNKNOWN_TOPIC_MS_MAX;
    return error instanceof OutageError;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#failed.abort();
    this.#notify();
  }

  #until(pendingMax: number): Promise<void> {
    const settle = Promise.withResolvers<void>();
    this.#waiting.push({ pendingMax, settle });
    this.#notify();
    return settle.promise;
  }

  #notify(): void {
    this.#waiting = this.#waiting.filter(({ pendingMax, settle }) => {
      if (this.#failure) settle.reject(this.#failure);
      else if (this.pending <= pendingMax) settle.resolve();
      else return true;
      return false;
    });
  }
}
