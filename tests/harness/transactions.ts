/** A producer with transactions, as other systems use them; the product has none. */
import kafkajs from "kafkajs";
import type { Config } from "../../scripts/lib/config.ts";

export interface OpenTransaction {
  send(values: readonly string[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** A login or TLS is not supported. */
export async function beginTransaction(config: Config, partition = 0): Promise<OpenTransaction> {
  const producer = new kafkajs.Kafka({
    brokers: config.KAFKA_BROKERS,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 20 },
  }).producer({
    transactionalId: crypto.randomUUID(),
    maxInFlightRequests: 1,
    idempotent: true,
    createPartitioner: () => () => partition,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  return {
    async send(values) {
      await transaction.send({
        topic: config.KAFKA_TOPIC,
        messages: values.map((value) => ({ key: "5", value })),
      });
    },
    async commit() {
      await transaction.commit();
      await producer.disconnect();
    },
    async abort() {
      await transaction.abort();
      await producer.disconnect();
    },
  };
}
