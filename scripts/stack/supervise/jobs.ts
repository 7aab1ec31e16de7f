/**
 * Work that is done once on a machine. The supervisor does it in the background, so that `down` can
 * end it.
 */
import type { Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { startGroup } from "./supervisor.ts";

export async function startJobs(config: Config, services: Service[]): Promise<void> {
  for (const { job } of services) {
    if (!job?.isMissing(config)) continue;
    await startGroup(config, job.program.name).catch(() => {
      // It already runs, or cannot start. The service works without it.
    });
  }
}
