/** PostgreSQL: the tables of the platform, and the records of its programs. */
import { awaitRoom } from "../scripts/host/await-room.ts";
import { password } from "../scripts/host/environment.ts";
import type { Service } from "../scripts/host/service.ts";
import { hasNoRoom, isPostgresHere, NO_ROOM } from "../scripts/lib/local-data.ts";
import { answersPostgres } from "../scripts/lib/postgres.ts";
import { checkPostgres } from "./checks.ts";
import { POSTGRES } from "./install.ts";
import { launchPostgres } from "./start.ts";

export const postgres: Service = {
  name: "postgres",
  title: "the tables",
  folder: "postgres",
  needs: [],
  ports: ["POSTGRES_PORT"],
  programs: [
    {
      name: "postgres",
      async launch(config) {
        await awaitRoom(config, "postgres");
        return launchPostgres(config);
      },
      // The server stores its passwords as hashes in its own tables.
      secrets: [],
      // PostgreSQL's fast shutdown: it ends the sessions and writes a checkpoint.
      stopSignal: "INT",
      stopsChildren: false,
      stopSecondsMax: 60,
      memory: { megabytesMax: 704, growsWith: "POSTGRES_SHARED_BUFFERS_MB" },
    },
  ],
  runtimes: [POSTGRES],
  data: "postgres",
  dataBytes: 350_000_000,
  serverSecrets: { POSTGRES_PASSWORD: password, POSTGRES_ADMIN_PASSWORD: password },
  secrets: {
    POSTGRES_INGEST_PASSWORD: password,
    POSTGRES_TRANSFORM_PASSWORD: password,
    POSTGRES_READ_PASSWORD: password,
  },
  elsewhere: (config) => (isPostgresHere(config) ? undefined : "POSTGRES_HOST"),
  address: ({ POSTGRES_HOST: host, POSTGRES_PORT: port, POSTGRES_DB: database }) =>
    `postgresql://${host}:${port}/${database}`,
  probe: (config) => answersPostgres(config),
  // It still answers then, and stores nothing.
  fault: async (config) => (hasNoRoom(config, "postgres") ? NO_ROOM : undefined),
  checks: checkPostgres,
  readyMsMax: 120_000,
};
