/**
 * Installs what the given services or programs run on, and first makes sure that it fits on the disk. Doing it
 * again costs a few hashes. `up` calls it, and each `start`, so that a service can start by hand.
 */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Config, ConfigError } from "../lib/config.ts";
import type { PythonEnvironment } from "./folders.ts";
import { installKafka, missingKafkaJars } from "./install/kafka.ts";
import { installOps, isOpsInstalled, OPS_BYTES } from "./install/ops.ts";
import { postgresPrograms } from "./install/postgres.ts";
import { megabytes } from "./install/progress.ts";
import { installPython, missingPythonBytes } from "./install/python.ts";
import { installTrino, missingTrinoBytes } from "./install/trino.ts";

/** What a program runs on, apart from what `bun install` brings. */
export type Runtime = "kafka" | "postgres" | "trino" | PythonEnvironment;

const PYTHON = ["airflow", "dbt", "superset", "lint"] as const satisfies PythonEnvironment[];

/** What a fresh stack writes at once: the first segments of PostgreSQL and Kafka. */
const STATE_BYTES = 500_000_000;

export async function install(config: Config, wanted: readonly Runtime[]): Promise<void> {
  const runtimes = new Set(wanted);
  const pythons = PYTHON.filter((name) => runtimes.has(name));
  const jars = runtimes.has("kafka") ? missingKafkaJars(config) : [];
  const bytes = [
    isOpsInstalled(config) ? 0 : OPS_BYTES,
    ...jars.map((jar) => jar.bytes),
    runtimes.has("trino") ? missingTrinoBytes(config) : 0,
    ...pythons.map((name) => missingPythonBytes(config, name)),
  ];
  assertRoom(
    config,
    bytes.reduce((sum, each) => sum + each, 0),
  );
  if (runtimes.has("postgres")) postgresPrograms();
  await installOps(config);
  if (runtimes.has("kafka")) await installKafka(config);
  if (runtimes.has("trino")) await installTrino(config);
  for (const name of pythons) await installPython(config, name);
}

function assertRoom(config: Config, cacheBytes: number): void {
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
