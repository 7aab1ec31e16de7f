/**
 * Installs what programs run on into the cache, side by side, and first makes sure that it fits on
 * the disk.
 */
import { statSync } from "node:fs";
import { megabytes } from "../lib/bytes.ts";
import type { Config } from "../lib/config.ts";
import { nearestExisting, roomAt } from "../lib/disk-room.ts";
import { ConfigError } from "../lib/errors.ts";
import { sum } from "../lib/sum.ts";
import { taskGroup } from "../lib/task-group.ts";
import { markUsed } from "./cache-use.ts";
import { OPS } from "./ops.ts";
import type { InstallOptions, Runtime } from "./runtime.ts";

/**
 * Installs what is missing of the given runtimes. Called by `up` and by each start, so that a program
 * can also be started by hand. When all is whole, it costs a few hashes.
 * @throws ConfigError naming the folder that is too small
 */
export async function install(
  config: Config,
  wanted: readonly Runtime[],
  options: InstallOptions = {},
): Promise<void> {
  const runtimes = [...new Set(wanted)];
  assertRoom(config, { CACHE_DIR: missingBytes(config, runtimes), STATE_DIR: 0 });
  await OPS.install(config, options);
  await taskGroup(options.signal, (signal) =>
    runtimes.map((runtime) => runtime.install(config, { ...options, signal })),
  );
  markUsed([
    ...cacheFolders(config, runtimes),
    ...runtimes.flatMap(({ agingFiles }) => agingFiles?.used(config) ?? []),
  ]);
}

/** Folders of the cache that programs on these runtimes read, once each. */
export const cacheFolders = (config: Config, runtimes: readonly Runtime[]): string[] => [
  ...new Set([OPS, ...runtimes].flatMap(({ folder }) => folder?.(config) ?? [])),
];

/** Room that is needed in the cache for the given runtimes, in bytes. */
export const missingBytes = (config: Config, runtimes: readonly Runtime[]): number =>
  sum([...new Set([OPS, ...runtimes])].map((runtime) => runtime.missingBytes(config)));

type Folder = "CACHE_DIR" | "STATE_DIR";

/**
 * Two folders on one disk need the room of both.
 * @throws ConfigError naming the folder that is too small
 */
export function assertRoom(config: Config, bytes: Record<Folder, number>): void {
  const disk = (folder: Folder) => statSync(nearestExisting(config[folder])).dev;
  const folders = Object.keys(bytes) as Folder[];
  for (const folder of folders.filter((each) => bytes[each] > 0)) {
    const sharing = folders.filter((each) => disk(each) === disk(folder));
    const needed = sum(sharing.map((each) => bytes[each]));
    const free = roomAt(config[folder]).freeBytes;
    if (free < needed) {
      throw new ConfigError(
        `Cannot install: ${config[folder]} has ${megabytes(free)} free and ${megabytes(needed)} are needed; free some or set ${folder} to another disk`,
      );
    }
  }
}
