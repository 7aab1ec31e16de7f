/**
 * Airflow on the benchmark's stack. It runs only while it is measured, because it would slow
 * everything else.
 */
import { programNames } from "../../scripts/host/service.ts";
import { services } from "../../scripts/stack/services.ts";
import { stopProcess } from "../../scripts/stack/supervise/supervisor.ts";
import { runOrThrow } from "../../tests/harness/script.ts";
import type { Stack } from "./stack.ts";

export interface Airflow {
  /** Its programs; the scheduler starts the processes of its tasks. */
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
