/** The origin of the public summary. */
import { password } from "../host/environment.ts";
import { ageOfNumbers } from "../host/facts.ts";
import type { Service } from "../host/service.ts";
import { bunCommand, migrate } from "../host/start.ts";
import { answersHealthCheck } from "../lib/probe.ts";
import { isElsewhere, summaryUrl } from "../lib/web-address.ts";
import { askSummary } from "./ask.ts";

export const summary: Service = {
  name: "summary",
  title: "the public numbers",
  folder: "scripts/summary",
  needs: ["postgres"],
  ports: ["SUMMARY_PORT"],
  programs: [
    {
      name: "summary",
      launch(config) {
        migrate(config, "--only", "database");
        return { command: bunCommand("scripts/summary.ts") };
      },
      secrets: ["POSTGRES_READ_PASSWORD", "SUMMARY_SECRET"],
      memory: { megabytesMax: 160 },
    },
  ],
  runtimes: [],
  secrets: { SUMMARY_SECRET: password },
  elsewhere: ({ SUMMARY_URL: url, SUMMARY_PORT: port }) =>
    isElsewhere(url, port) ? "SUMMARY_URL" : undefined,
  address: (config) => `${summaryUrl(config)}/summary`,
  probe: (config) => answersHealthCheck(summaryUrl(config)),
  async facts(config) {
    const response = await askSummary(config);
    return response.ok ? ageOfNumbers(await response.json()) : undefined;
  },
  readyMsMax: 90_000,
};
