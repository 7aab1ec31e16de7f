/**
 * Waits for room on the disk before a program starts that keeps data there. Kafka and PostgreSQL end
 * on a full disk, and cannot start on one. Each failed start would count as a fault of the program.
 */
import { megabytes } from "../lib/bytes.ts";
import type { Config } from "../lib/config.ts";
import { roomAt, START_BYTES } from "../lib/disk-room.ts";
import { type DataKind, dataFolder, hasNoRoom } from "../lib/local-data.ts";
import { pause } from "../lib/wait.ts";

const CHECK_MS = 1_000;

export async function awaitRoom(config: Config, kind: DataKind): Promise<void> {
  if (!hasNoRoom(config, kind)) return;
  const folder = dataFolder(config, kind);
  console.error(
    `Cannot start: there is no room on the disk of ${folder}, ${megabytes(roomAt(folder).freeBytes)} are free and ${megabytes(START_BYTES)} are needed; it starts as soon as there is room`,
  );
  while (hasNoRoom(config, kind)) await pause(CHECK_MS);
  console.error("There is room on the disk again");
}
