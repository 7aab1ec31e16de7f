/**
 * The data of the platform on this machine: which there is, where it is, and what is said when its
 * disk runs out of room. The status, the health checks, `doctor` and `verify` all say it by this.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { megabytes } from "./bytes.ts";
import type { Config } from "./config.ts";
import { nearestExisting, roomAt, START_BYTES } from "./disk-room.ts";

export const dataFolder = (config: Config, name: string) => join(config.STATE_DIR, name);

/** Whether `up` starts Kafka, so that its data is in STATE_DIR; else it runs elsewhere. */
export const isKafkaHere = ({ KAFKA_BROKERS: brokers, KAFKA_PORT: port }: Config): boolean =>
  brokers.join() === `127.0.0.1:${port}`;

/** Whether `up` starts PostgreSQL, so that its data is in STATE_DIR; else it runs elsewhere. */
export const isPostgresHere = ({ POSTGRES_HOST }: Pick<Config, "POSTGRES_HOST">): boolean =>
  POSTGRES_HOST === "127.0.0.1";

const KINDS = {
  kafka: { title: "Kafka", isHere: isKafkaHere },
  postgres: { title: "PostgreSQL", isHere: isPostgresHere },
  horizon: { title: "the index of event ids", isHere: () => true },
} as const satisfies Record<string, { title: string; isHere(config: Config): boolean }>;

/** Kinds of data, which are also the names of their folders in STATE_DIR. */
export type DataKind = keyof typeof KINDS;

export const DATA_KINDS = Object.keys(KINDS) as DataKind[];

const isHere = (config: Config, kind: DataKind) => KINDS[kind].isHere(config);

/** What is said of a service whose disk is full. */
export const NO_ROOM = "no room on the disk";

/** Whether so little room is left that nothing that keeps its data there could start. */
export const hasNoRoom = (config: Config, kind: DataKind): boolean =>
  isHere(config, kind) && roomAt(dataFolder(config, kind)).state === "gone";

/** A sentence for each disk that has little room left for this data. */
export function roomWarnings(config: Config, kinds: readonly DataKind[]): string[] {
  const local = kinds.filter((kind) => isHere(config, kind));
  const byDisk = Map.groupBy(
    local,
    (kind) => statSync(nearestExisting(dataFolder(config, kind))).dev,
  );
  return [...byDisk.values()].flatMap((sharing) => {
    const { state, freeBytes, wiseBytes } = roomAt(dataFolder(config, sharing[0] as DataKind));
    if (state === "enough") return [];
    const titles = sharing.map((kind) => KINDS[kind].title).join(", ");
    return state === "low"
      ? `little room on the disk of ${titles}: ${megabytes(freeBytes)} are free, ${megabytes(wiseBytes)} are wise`
      : `${NO_ROOM} of ${titles}: ${megabytes(freeBytes)} are free, ${megabytes(START_BYTES)} are needed`;
  });
}
