/** Asks whether Kafka works. */
import type { Config } from "../lib/config.ts";
import { listens } from "../lib/probe.ts";
import { outage, reasonOf } from "./failure.ts";
import { openKafka } from "./open.ts";

/**
 * Resolves when a broker answers a client and is registered in its cluster.
 * @throws OutageError, RefusedError
 */
export async function pingKafka(config: Config): Promise<void> {
  await Promise.any(config.KAFKA_BROKERS.map(listens)).catch((error: AggregateError) => {
    throw outage(config, error.errors[0]);
  });
  await openKafka(config, { clientId: "probe" }).ping();
}

/** The same for a table of services: throws the reason alone. */
export async function answersKafka(config: Config): Promise<void> {
  await pingKafka(config).catch((error) => {
    throw new Error(reasonOf(error), { cause: error });
  });
}
