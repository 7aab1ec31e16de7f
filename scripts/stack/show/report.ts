/** What `status` and `up` show: each service as it really is, asked of the service itself. */
import { normalize } from "node:path";
import { environmentFile } from "../../host/environment.ts";
import { logFile } from "../../host/folders.ts";
import { memoryBytes } from "../../host/process-tree.ts";
import type { ProcessInfo, Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { table as textTable } from "../../lib/table.ts";
import { deadline } from "../../lib/wait.ts";
import { listProcesses, supervisorProcess } from "../supervise/supervisor.ts";
import { lastLines } from "./log-tail.ts";

export interface Row {
  service: string;
  /** `ready`, `faulty`, `starting`, `stopped` or `failed`. */
  state: string;
  /** Why it is not ready. */
  reason?: string;
  /** Of a service that is one program. */
  processId?: number;
  /** Of a service that is several: the name of each that runs. */
  processIds?: Record<string, number>;
  address?: string;
  login?: string;
  memoryBytes?: number;
  uptimeSeconds?: number;
}

export async function report(config: Config, services: Service[]): Promise<Row[]> {
  const isUp = (await supervisorProcess(config)) !== undefined;
  const processes = isUp ? await listProcesses(config) : [];
  return Promise.all(
    services.map((service) => {
      const own = processes.filter(({ group }) => group === service.name);
      return row(config, service, own);
    }),
  );
}

async function row(config: Config, service: Service, processes: ProcessInfo[]): Promise<Row> {
  const address = service.address(config);
  const common = {
    service: service.name,
    ...(address && { address }),
    ...(service.login && {
      login: `${service.login.user}, ${service.login.setting} in ${normalize(environmentFile())}`,
    }),
  };
  const alive = processes.filter(({ processId }) => processId > 0);
  const running = { ...common, ...(alive.length > 0 && measured(service, alive)) };
  const failed = processes.find(({ state }) => ["FATAL", "EXITED"].includes(state));
  if (failed) {
    return { ...running, state: "failed", reason: lastWords(config, failed.name) };
  }
  const stopped = processes.find(({ state }) => state === "STOPPED");
  if (stopped && alive.length > 0) {
    return { ...running, state: "starting", reason: `${stopped.name} is stopped` };
  }
  if (stopped || processes.length === 0) return { ...common, state: "stopped" };
  try {
    await deadline(service.probe(config, processes), PROBE_MS_MAX);
    const fault = await service.fault?.(config);
    return { ...running, state: fault ? "faulty" : "ready", ...(fault && { reason: fault }) };
  } catch (error) {
    return { ...running, state: "starting", reason: (error as Error).message };
  }
}

/** supervisord knows only that it ended; why is what it said last. */
function lastWords(config: Config, program: string): string {
  const [line] = lastLines(logFile(config, program), 1);
  return line ? `${program} ended: ${line.slice(0, REASON_LENGTH_MAX)}` : `${program} ended`;
}

/** What the system says of the processes of a service. */
function measured(service: Service, alive: ProcessInfo[]): Partial<Row> {
  const startedAtSeconds = Math.min(...alive.map((process) => process.startedAtSeconds));
  return {
    ...(service.programs.length > 1
      ? { processIds: Object.fromEntries(alive.map(({ name, processId }) => [name, processId])) }
      : { processId: alive[0]!.processId }),
    memoryBytes: alive.reduce((sum, { processId }) => sum + memoryBytes(processId), 0),
    uptimeSeconds: Math.max(0, Math.round(Date.now() / 1_000 - startedAtSeconds)),
  };
}

export function table(rows: Row[]): string {
  const sum = rows.reduce((total, { memoryBytes = 0 }) => total + memoryBytes, 0);
  const cells = rows.map((row) => [
    row.service,
    row.state,
    row.address ?? "",
    row.memoryBytes === undefined ? "" : mebibytes(row.memoryBytes),
    row.uptimeSeconds === undefined ? "" : duration(row.uptimeSeconds),
    row.login ?? "",
    row.reason ?? "",
  ]);
  const whole = [
    ["SERVICE", "STATE", "ADDRESS", "MEMORY", "UP FOR", "LOGIN", ""],
    ...cells,
    ...(rows.length > 1 ? [["", "", "", mebibytes(sum), "", "", ""]] : []),
  ];
  const hasLogin = rows.some(({ login }) => login);
  return textTable(whole.map((line) => line.filter((_, column) => hasLogin || column !== LOGIN)));
}

const REASON_LENGTH_MAX = 300;

/** A service that takes longer to answer does not work. */
const PROBE_MS_MAX = 8_000;

/** Column that is left out when it is empty. */
const LOGIN = 5;

const mebibytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}
