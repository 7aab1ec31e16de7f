/**
 * Installs what the given services run on, and first makes sure that it fits on the disk. Doing it
 * again costs a few hashes. `up` calls it, and each `start`, so that a service can start by hand.
 */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Config, ConfigError } from "../lib/config.ts";
import { installKafka, missingKafkaJars } from "./install/kafka.ts";
import { postgresPrograms } from "./install/postgres.ts";
import { megabytes } from "./install/progress.ts";
import { installOps, isOpsInstalled, OPS_BYTES } from "./install/python.ts";
import type { Service } from "./services.ts";

/** What a fresh stack writes at once: the first segments of PostgreSQL and Kafka. */
const STATE_BYTES = 500_000_000;

export async function install(config: Config, services: Service[]): Promise<void> {
  const runtimes = new Set(services.flatMap((service) => service.runtimes));
  assertRoom(config, runtimes.has("kafka"));
  if (runtimes.has("postgres")) postgresPrograms();
  await installOps(config);
  if (runtimes.has("kafka")) await installKafka(config);
}

function assertRoom(config: Config, withKafka: boolean): void {
  const jarBytes = withKafka
    ? missingKafkaJars(config).reduce((sum, jar) => sum + jar.bytes, 0)
    : 0;
  const cacheBytes = jarBytes + (isOpsInstalled(config) ? 0 : OPS_BYTES);
  for (const [setting, needed] of [
    ["CACHE_DIR", cacheBytes],
    ["STATE_DIR", STATE_BYTES],
  ] as const) {
    const free = freeBytes(config[setting]);
    if (free < needed) {
      throw new ConfigError(
        `Cannot install: ${config[setting]} has ${megabytes(free)} free and ${megabytes(needed)} are needed; free some or set ${setting} to another disk`,
      );
    }
  }
}

/** Room on the disk that holds a path, or will hold it. */
export function freeBytes(path: string): number {
  let existing = path;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}
