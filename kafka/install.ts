/** The jars of Kafka, and its archive of loaded classes beside them. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { keyOf, OPS_LOCK } from "../scripts/host/folders.ts";
import { type JarRuntime, jarRuntime } from "../scripts/host/jars.ts";
import type { Config } from "../scripts/lib/config.ts";

export const KAFKA: JarRuntime = {
  ...jarRuntime({
    name: "kafka",
    title: "Kafka",
    lock: "kafka/libs.lock",
    // Java refuses an archive made with other files, even when their content is the same.
    onFetched: (config) => rmSync(kafkaArchive(config), { force: true }),
  }),
  // A running broker keeps in memory what it has read of its archive.
  agingFiles: { pattern: /^classes-[0-9a-f]{12}\.aot$/, used: (config) => [kafkaArchive(config)] },
};

/**
 * Kafka's archive of loaded classes. It works only with this Java and with the jars in this place.
 */
export function kafkaArchive(config: Config): string {
  const folder = KAFKA.folder(config);
  return join(folder, `classes-${keyOf(readFileSync(OPS_LOCK), folder)}.aot`);
}
