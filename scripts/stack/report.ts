/** What `status` and `up` show: each service as it really is, asked of the service itself. */
import type { Config } from "../lib/config.ts";
import { memoryBytes } from "./process-tree.ts";
import type { Service } from "./services.ts";
import { listProcesses, type ProcessInfo, supervisorProcess } from "./supervisor.ts";

export interface Row {
  service: string;
  /** `ready`, `starting`, `stopped` or `failed`. */
  state: string;
  /** Why it is not ready. */
  reason?: string;
  processId?: number;
  address?: string;
  memoryBytes?: number;
  uptimeSeconds?: number;
}

export async function report(config: Config, services: Service[]): Promise<Row[]> {
  const isUp = (await supervisorProcess(config)) !== undefined;
  const processes = isUp ? await listProcesses(config) : [];
  return Promise.all(
    services.map((service) => {
      const found = processes.find((candidate) => candidate.name === service.name);
      return row(config, service, found);
    }),
  );
}

async function row(config: Config, service: Service, found?: ProcessInfo): Promise<Row> {
  const address = service.address(config);
  const common = { service: service.name, ...(address && { address }) };
  if (!found || found.state === "STOPPED") return { ...common, state: "stopped" };
  if (["FATAL", "EXITED"].includes(found.state)) {
    return { ...common, state: "failed", reason: found.reason || "it ended" };
  }
  const running = {
    ...common,
    processId: found.processId,
    memoryBytes: memoryBytes(found.processId),
    uptimeSeconds: Math.max(0, Math.round(Date.now() / 1_000 - found.startedAtSeconds)),
  };
  try {
    await service.probe(config, found.processId);
    return { ...running, state: "ready" };
  } catch (error) {
    return { ...running, state: "starting", reason: (error as Error).message };
  }
}

export function table(rows: Row[]): string {
  const sum = rows.reduce((total, { memoryBytes = 0 }) => total + memoryBytes, 0);
  const cells = rows.map((row) => [
    row.service,
    row.state,
    row.address ?? "",
    row.memoryBytes === undefined ? "" : mebibytes(row.memoryBytes),
    row.uptimeSeconds === undefined ? "" : duration(row.uptimeSeconds),
    row.reason ?? "",
  ]);
  const lines = [
    ["SERVICE", "STATE", "ADDRESS", "MEMORY", "UP FOR", ""],
    ...cells,
    ...(rows.length > 1 ? [["", "", "", mebibytes(sum), "", ""]] : []),
  ];
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}
