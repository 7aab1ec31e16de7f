/** The Worker on this machine, in the runtime that Cloudflare runs. */

import { ageOfNumbers } from "../scripts/host/facts.ts";
import type { Service } from "../scripts/host/service.ts";
import { bunCommand } from "../scripts/host/start.ts";
import { answersHealthCheck } from "../scripts/lib/probe.ts";
import { isElsewhere, webAddress, workerUrl } from "../scripts/lib/web-address.ts";

export const worker: Service = {
  name: "worker",
  title: "the public page",
  folder: "worker",
  needs: ["summary"],
  ports: ["WORKER_PORT"],
  programs: [
    {
      name: "worker",
      launch: () => ({ command: bunCommand("scripts/worker-dev.ts") }),
      secrets: ["SUMMARY_SECRET", "ACCESS_CLIENT_SECRET"],
      memory: { megabytesMax: 320 },
    },
  ],
  runtimes: [],
  elsewhere: ({ WORKER_URL: url, WORKER_PORT: port }) =>
    isElsewhere(url, port) ? "WORKER_URL" : undefined,
  address: (config) => webAddress(config, config.WORKER_PORT, workerUrl(config)),
  probe: (config) => answersHealthCheck(workerUrl(config)),
  async facts(config) {
    const response = await fetch(`${workerUrl(config)}/api/summary`);
    return response.ok ? ageOfNumbers(await response.json()) : undefined;
  },
  readyMsMax: 90_000,
};
