/**
 * Installs what the given services or programs run on, side by side, and first makes sure that it
 * fits on the disk. Doing it again costs a few hashes. `up` calls it, and each `start`, so that a
 * service can start by hand.
 */

import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { installKafka, KAFKA_TITLE, missingKafkaJars } from "../../../kafka/install.ts";
import { postgresPrograms } from "../../../postgres/install.ts";
import { installTrino, missingTrinoBytes, TRINO_TITLE } from "../../../trino/install.ts";
import {
  kafkaArchive,
  kafkaFolder,
  opsFolder,
  type PythonEnvironment,
  pythonFolder,
  trinoFolder,
} from "../../host/folders.ts";
import { installOps, isOpsInstalled, OPS_BYTES } from "../../host/ops.ts";
import type { InstallOptions } from "../../host/options.ts";
import { megabytes } from "../../host/progress.ts";
import { installPython, missingPythonBytes, pythonTitle } from "../../host/python.ts";
import { markUsed } from "../../host/use.ts";
import type { Config } from "../../lib/config.ts";
import { ConfigError } from "../../lib/errors.ts";
import { together } from "../../lib/together.ts";

/** What a program runs on, apart from what `bun install` brings. */
export type Runtime = "kafka" | "postgres" | "trino" | PythonEnvironment;

const PYTHON = ["airflow", "dbt", "superset", "lint"] as const satisfies PythonEnvironment[];

/** What a fresh stack writes at once: the first segments of PostgreSQL and Kafka. */
const STATE_BYTES = 500_000_000;

export async function install(
  config: Config,
  wanted: readonly Runtime[],
  options: InstallOptions = {},
): Promise<void> {
  const runtimes = new Set(wanted);
  assertRoom(config, { CACHE_DIR: missingBytes(config, wanted), STATE_DIR: 0 });
  if (runtimes.has("postgres")) postgresPrograms();
  await installOps(config, options);
  await together(options.signal, (signal) => {
    const given = { ...options, signal };
    return [
      ...(runtimes.has("kafka") ? [installKafka(config, given)] : []),
      ...(runtimes.has("trino") ? [installTrino(config, given)] : []),
      ...pythonsOf(runtimes).map((name) => installPython(config, name, given)),
    ];
  });
  markUsed([
    ...cacheFolders(config, wanted),
    ...(runtimes.has("kafka") ? [kafkaArchive(config)] : []),
  ]);
}

/** What the given runtimes need of the cache, once each. */
export function cacheFolders(config: Config, wanted: readonly Runtime[]): string[] {
  const runtimes = new Set(wanted);
  return [
    opsFolder(config),
    ...(runtimes.has("kafka") ? [kafkaFolder(config)] : []),
    ...(runtimes.has("trino") ? [trinoFolder(config)] : []),
    ...pythonsOf(runtimes).map((name) => pythonFolder(config, name)),
  ];
}

/** What a runtime is called, when it is installed here. */
export function runtimeTitle(name: Runtime): string | undefined {
  if (name === "postgres") return undefined;
  if (name === "kafka") return KAFKA_TITLE;
  return name === "trino" ? TRINO_TITLE : pythonTitle(name);
}

/**
 * Room for what is not installed yet, and for the data of a stack that has none.
 * @throws ConfigError naming the folder that is too small
 */
export function assertRoomForStack(config: Config, wanted: readonly Runtime[]): void {
  const isNew = !existsSync(join(config.STATE_DIR, "postgres"));
  assertRoom(config, {
    CACHE_DIR: missingBytes(config, wanted),
    STATE_DIR: isNew ? STATE_BYTES : 0,
  });
}

function missingBytes(config: Config, wanted: readonly Runtime[]): number {
  const runtimes = new Set(wanted);
  const jars = runtimes.has("kafka") ? missingKafkaJars(config) : [];
  const bytes = [
    isOpsInstalled(config) ? 0 : OPS_BYTES,
    ...jars.map((jar) => jar.bytes),
    runtimes.has("trino") ? missingTrinoBytes(config) : 0,
    ...pythonsOf(runtimes).map((name) => missingPythonBytes(config, name)),
  ];
  return bytes.reduce((sum, each) => sum + each, 0);
}

const pythonsOf = (runtimes: Set<Runtime>) => PYTHON.filter((name) => runtimes.has(name));

type Folder = "CACHE_DIR" | "STATE_DIR";

/** Two folders on one disk need the room of both. A service with nothing to install needs none. */
function assertRoom(config: Config, bytes: Record<Folder, number>): void {
  const disk = (folder: Folder) => statSync(nearestExisting(config[folder])).dev;
  const folders = Object.keys(bytes) as Folder[];
  for (const folder of folders.filter((each) => bytes[each] > 0)) {
    const together = folders.filter((each) => disk(each) === disk(folder));
    const needed = together.reduce((sum, each) => sum + bytes[each], 0);
    const free = freeBytes(config[folder]);
    if (free < needed) {
      throw new ConfigError(
        `Cannot install: ${config[folder]} has ${megabytes(free)} free and ${megabytes(needed)} are needed; free some or set ${folder} to another disk`,
      );
    }
  }
}

/** Room on the disk that holds a path, or will hold it. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(path));
  return bavail * bsize;
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
