/** Opens Kafka with the client that the platform uses. Another client is another line here. */
import type { Config } from "../lib/config.ts";
import { openKafkajs } from "./kafkajs.ts";
import type { Kafka, OpenOptions } from "./log.ts";

/**
 * The cluster of the settings. Nothing is sent before the first call.
 * @throws Error when the client lacks the project's patch
 */
export const openKafka = (config: Config, options: OpenOptions): Kafka =>
  openKafkajs(config, options);
