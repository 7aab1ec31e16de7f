/** Superset: the dashboard. */
import { password } from "../scripts/host/environment.ts";
import type { Service } from "../scripts/host/service.ts";
import { webAddress } from "../scripts/lib/web-address.ts";
import { SUPERSET } from "./install.ts";
import { answersSuperset } from "./probe.ts";
import { launchSuperset } from "./start.ts";

export const superset: Service = {
  name: "superset",
  title: "the dashboard",
  folder: "superset",
  isSlow: true,
  needs: ["postgres", "trino"],
  ports: ["SUPERSET_PORT"],
  programs: [
    {
      name: "superset",
      launch: launchSuperset,
      secrets: [
        "SUPERSET_SECRET_KEY",
        "SUPERSET_GUEST_TOKEN_SECRET",
        "SUPERSET_ASYNC_QUERY_SECRET",
        "TRINO_SUPERSET_PASSWORD",
      ],
      memory: { megabytesMax: 768, growsWith: "SUPERSET_THREADS" },
    },
  ],
  runtimes: [SUPERSET],
  secrets: {
    SUPERSET_ADMIN_PASSWORD: password,
    SUPERSET_POSTGRES_PASSWORD: password,
    SUPERSET_SECRET_KEY: password,
    SUPERSET_GUEST_TOKEN_SECRET: password,
    SUPERSET_ASYNC_QUERY_SECRET: password,
  },
  address: (config) => webAddress(config, config.SUPERSET_PORT),
  login: { user: "admin", setting: "SUPERSET_ADMIN_PASSWORD" },
  probe: answersSuperset,
  readyMsMax: 600_000,
};
