/**
 * Whether the log that answers is still the one that is counted. An older copy of Kafka's data, or a
 * topic that was created again, may stand at the same address.
 */
import { TopicMissingError } from "../kafka/failure.ts";
import type { Kafka, LogState } from "../kafka/log.ts";
import { changedPartitions, type Mark } from "../ledger/mark.ts";
import { assertReaches, otherRecord, topicGone } from "../ledger/same-log.ts";
import type { Config } from "../lib/config.ts";
import type { Dependencies } from "./dependencies.ts";
import type { PartitionReader } from "./partition-reader.ts";

/** The state of each partition of the topic. */
export type TopicState = ReadonlyMap<number, LogState>;

interface LogIdentityOptions {
  config: Config;
  kafka: Kafka;
  dependencies: Dependencies;
}

export class LogIdentity {
  readonly #options: LogIdentityOptions;
  /** The topic that is counted; undefined until a partition is open. */
  #topicId: string | undefined;

  constructor(options: LogIdentityOptions) {
    this.#options = options;
  }

  /** Whether any partition has been opened to be counted. */
  get isKnown(): boolean {
    return this.#topicId !== undefined;
  }

  /** From now on only this topic is counted. */
  keep(state: TopicState): void {
    this.#topicId ??= state.values().next().value?.topicId;
  }

  /** What the log says of itself now. */
  state(): Promise<TopicState> {
    const { config, kafka, dependencies } = this.#options;
    return dependencies.kafka.watch(() => kafka.logState(config.KAFKA_TOPIC));
  }

  /** @throws NeedsPersonError when the topic is another one, or its log ends before the offset */
  assertReaches(partition: number, nextOffset: number, topic: TopicState): void {
    const state = topic.get(partition);
    if (!state) throw new Error(`Cannot find partition ${partition} of the topic`);
    const { config } = this.#options;
    const topicId = this.#topicId ?? state.topicId;
    const where = `${config.KAFKA_TOPIC}/${partition}`;
    assertReaches(config, where, { topicId, nextOffset }, state);
  }

  /** @throws NeedsPersonError when the log holds other records than were read last */
  async assertSameRecords(
    readers: ReadonlyMap<number, PartitionReader>,
    state: TopicState,
  ): Promise<void> {
    const { config, kafka, dependencies } = this.#options;
    const topic = config.KAFKA_TOPIC;
    const marks = new Map<number, Mark>();
    for (const [partition, { mark }] of readers) if (mark) marks.set(partition, mark);
    const [changed] = await dependencies.kafka.watch(() =>
      changedPartitions(kafka, topic, marks, state),
    );
    if (changed === undefined) return;
    throw otherRecord(config, `${topic}/${changed}`, (marks.get(changed) as Mark).offset);
  }

  /** The same error, in words for a person when the topic that was counted is missing. */
  explain(error: unknown): unknown {
    if (!(error instanceof TopicMissingError) || this.#topicId === undefined) return error;
    const { config } = this.#options;
    return topicGone(config, config.KAFKA_TOPIC, this.#topicId);
  }
}
