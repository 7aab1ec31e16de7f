/** Asks whether Kafka works. Throws with the reason while it does not. */
import type { Config } from "../lib/config.ts";
import { listens } from "../lib/probe.ts";
import { createKafka } from "./kafkajs.ts";

/** A broker answers a client and is registered in its cluster. */
export async function answersKafka(config: Config): Promise<void> {
  await Promise.any(config.KAFKA_BROKERS.map(listens)).catch((error: AggregateError) => {
    throw error.errors[0];
  });
  const admin = createKafka(config, { clientId: "probe" }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error("no broker is registered yet");
  } finally {
    await admin.disconnect();
  }
}
