/** Trino: one SQL over the tables and the topic, and one more node for a machine that has the memory. */
import { password } from "../scripts/host/environment.ts";
import { archiveJob } from "../scripts/host/java-archive.ts";
import type { Service } from "../scripts/host/service.ts";
import { queryRows } from "../scripts/lib/trino.ts";
import { localUrl, trinoUrl } from "../scripts/lib/trino-address.ts";
import { isElsewhere, webAddress } from "../scripts/lib/web-address.ts";
import { TRINO } from "./install.ts";
import { answersTrino, answersTrinoWorker } from "./probe.ts";
import { launchCoordinator, launchWorker } from "./start.ts";

const SECRETS = ["POSTGRES_READ_PASSWORD", "TRINO_SHARED_SECRET"] as const;

export const trino: Service = {
  name: "trino",
  title: "SQL over tables and log",
  folder: "trino",
  readAgain: ["queries"],
  isSlow: true,
  needs: ["kafka", "postgres"],
  ports: ["TRINO_PORT"],
  programs: [
    {
      name: "trino",
      launch: launchCoordinator,
      secrets: [...SECRETS],
      memory: { megabytesMax: 1_152, growsWith: "TRINO_HEAP_MB" },
    },
  ],
  runtimes: [TRINO],
  secrets: {
    TRINO_PASSWORD: password,
    TRINO_SUPERSET_PASSWORD: password,
    TRINO_SHARED_SECRET: password,
  },
  elsewhere: ({ TRINO_URL: url, TRINO_PORT: port }) =>
    isElsewhere(url, port) ? "TRINO_URL" : undefined,
  address: (config) => webAddress(config, config.TRINO_PORT, trinoUrl(config)),
  probe: answersTrino,
  async facts(config) {
    const nodes = await queryRows(
      config,
      "select 1 from system.runtime.nodes where state = 'active'",
    );
    return nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  },
  readyMsMax: 300_000,
  job: archiveJob(TRINO),
};

export const trinoWorker: Service = {
  name: "trino-worker",
  title: "one more node of Trino",
  folder: "trino",
  group: "cluster",
  isSlow: true,
  needs: ["trino"],
  ports: ["TRINO_WORKER_PORT"],
  programs: [
    {
      name: "trino-worker",
      launch: launchWorker,
      secrets: [...SECRETS],
      // Its parent asks it to finish its work. That takes 30 s and the longest query, two minutes.
      stopsChildren: false,
      stopSecondsMax: 180,
      memory: { megabytesMax: 1_152, growsWith: "TRINO_HEAP_MB" },
    },
  ],
  runtimes: [TRINO],
  address: (config) => localUrl(config, config.TRINO_WORKER_PORT),
  probe: answersTrinoWorker,
  readyMsMax: 300_000,
};
