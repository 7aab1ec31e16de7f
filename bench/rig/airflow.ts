/**
 * Airflow on the benchmark's stack, only while it is measured: its processes take a share of the
 * processor from everything else.
 */
import { programNames } from "../../scripts/host/service.ts";
import { services } from "../../scripts/stack/services.ts";
import { stopProcess } from "../../scripts/stack/supervise/supervisor.ts";
import { runOrThrow } from "../../tests/harness/script.ts";
import type { Stack } from "./stack.ts";

export interface Airflow {
  /** Its programs; what its tasks start runs under the scheduler. */
  processIds: number[];
  stop(): Promise<void>;
}

export async function startAirflow({ config, environment }: Stack): Promise<Airflow> {
  await runOrThrow(environment, "scripts/up.ts", ["airflow"]);
  const rows: { service: string; processIds?: Record<string, number> }[] = JSON.parse(
    await runOrThrow(environment, "scripts/status.ts", ["--json"]),
  );
  const row = rows.find(({ service }) => service === "airflow");
  const service = services.find(({ name }) => name === "airflow")!;
  return {
    processIds: Object.values(row?.processIds ?? {}),
    async stop() {
      for (const program of programNames(service).toReversed()) {
        await stopProcess(config, service.name, program);
      }
    },
  };
}
