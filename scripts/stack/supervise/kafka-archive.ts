/**
 * The archive of loaded classes that lets Kafka start in a second. The first `up` on a machine has
 * supervisord make it in the background, so that nobody waits for it and `down` can end it.
 */
import { existsSync } from "node:fs";
import { kafkaArchive } from "../../host/folders.ts";
import type { Config } from "../../lib/config.ts";
import { startGroup } from "./supervisor.ts";

const PROGRAM = "kafka-archive";

export const isArchiveMissing = (config: Config) => !existsSync(kafkaArchive(config));

export async function startArchive(config: Config): Promise<void> {
  await startGroup(config, PROGRAM).catch(() => {
    // It runs already, or cannot: Kafka then starts without it, as it did just now.
  });
}
