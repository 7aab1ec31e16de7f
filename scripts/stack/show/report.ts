/** The content of `status` and `up`: the state of each service, as the service itself answers. */
import { normalize } from "node:path";
import { environmentFile } from "../../host/environment.ts";
import { logFile, runFile } from "../../host/folders.ts";
import { lockHolder } from "../../host/lock.ts";
import { memoryBytes } from "../../host/process-tree.ts";
import {
  DEFAULT_GROUP,
  groupOf,
  type ProcessInfo,
  programNames,
  type Service,
} from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { roomWarnings } from "../../lib/local-data.ts";
import { sum } from "../../lib/sum.ts";
import { deadline } from "../../lib/wait.ts";
import { type Restarts, restartsIn } from "../supervise/restarts.ts";
import { listProcesses, supervisorLog, supervisorProcess } from "../supervise/supervisor.ts";
import { lastLines } from "./log-tail.ts";

export interface Row {
  service: string;
  /** What it is. */
  title: string;
  /** Its group is not started unless it is named. */
  isOptional: boolean;
  /**
   * `ready` works. `faulty` works, but its own work has failed. `starting` has just been started.
   * `failing` runs and does not work. `failed` does not run, and is not restarted. `stopped` does
   * not run.
   */
  state: "ready" | "faulty" | "starting" | "failing" | "failed" | "stopped";
  /** Why it is not ready. */
  reason?: string;
  /** The setting that says that it runs elsewhere. */
  elsewhere?: string;
  /** What it does now. */
  facts?: string;
  /** What a person should know although it works. */
  warning?: string;
  /** Unplanned restarts since the stack was started. */
  restarts?: Restarts;
  /** For a service with one program. */
  processId?: number;
  /** For a service with several programs: the name of each that runs. */
  processIds?: Record<string, number>;
  address?: string;
  login?: string;
  memoryBytes?: number;
  uptimeSeconds?: number;
}

/** A service that takes longer to answer does not work. */
const PROBE_MS_MAX = 8_000;
/** Further facts about a service must not delay the whole report. */
const FACTS_MS_MAX = 4_000;
/** A younger program may still be starting, even when no `up` waits for it. */
const STARTING_SECONDS_MAX = 60;
const REASON_LENGTH_MAX = 300;
/** A start writes some lines before it fails. */
const LINES_SEARCHED = 10;
/** How a program's error begins when it ends the program. */
const ERROR_LINE = /^Cannot /;

export async function report(config: Config, services: Service[]): Promise<Row[]> {
  const isUp = (await supervisorProcess(config)) !== undefined;
  const processes = isUp ? await listProcesses(config) : [];
  const restarts = isUp ? restartsIn(supervisorLog(config)) : new Map<string, Restarts>();
  return Promise.all(
    services.map(async (service) => {
      const own = processes.filter(({ group }) => group === service.name);
      const row = service.elsewhere?.(config)
        ? await rowElsewhere(config, service)
        : await rowHere(config, service, own);
      const ended = programNames(service).flatMap((name) => restarts.get(name) ?? []);
      const reason = ended.length > 0 ? whyItEnded(config, own) : undefined;
      return {
        ...row,
        ...(row.reason !== undefined && reason !== undefined && { reason }),
        ...(row.state !== "stopped" && ended.length > 0 && { restarts: together(ended) }),
      };
    }),
  );
}

function common(config: Config, service: Service) {
  const address = service.address(config);
  const elsewhere = service.elsewhere?.(config);
  return {
    service: service.name,
    title: service.title,
    isOptional: groupOf(service) !== DEFAULT_GROUP,
    ...(elsewhere && { elsewhere }),
    ...(address && { address }),
    ...(service.login && {
      login: `${service.login.user}, ${service.login.setting} in ${normalize(environmentFile())}`,
    }),
  };
}

async function rowElsewhere(config: Config, service: Service): Promise<Row> {
  return { ...common(config, service), ...(await asked(config, service, [], "failing")) };
}

async function rowHere(config: Config, service: Service, processes: ProcessInfo[]): Promise<Row> {
  const alive = processes.filter(({ processId }) => processId > 0);
  const [warning] =
    service.data && processes.length > 0 ? roomWarnings(config, [service.data]) : [];
  const running = {
    ...common(config, service),
    ...(warning !== undefined && { warning }),
    ...(alive.length > 0 && measured(service, alive)),
  };
  const failed = processes.find(({ state }) => ["FATAL", "EXITED"].includes(state));
  if (failed) return { ...running, state: "failed", reason: lastWords(config, failed.name) };
  const stopped = processes.find(({ state }) => state === "STOPPED");
  if (stopped && alive.length > 0) {
    return { ...running, state: "starting", reason: `${stopped.name} is stopped` };
  }
  if (stopped || processes.length === 0) return { ...running, state: "stopped" };
  const isYoung =
    (running.uptimeSeconds ?? 0) < STARTING_SECONDS_MAX ||
    lockHolder(runFile(config, "up.lock")) !== undefined;
  const ifNot = isYoung ? "starting" : "failing";
  return { ...running, ...(await asked(config, service, processes, ifNot)) };
}

/** The service's own answer; `ifNot` is its state while it does not work. */
async function asked(
  config: Config,
  service: Service,
  processes: ProcessInfo[],
  ifNot: Row["state"],
): Promise<Pick<Row, "state" | "reason" | "facts">> {
  try {
    await deadline(service.probe(config, processes), PROBE_MS_MAX);
  } catch (error) {
    return { state: ifNot, reason: (error as Error).message };
  }
  const [fault, facts] = await Promise.all([
    faultOf(config, service),
    deadline(service.facts?.(config) ?? Promise.resolve(undefined), FACTS_MS_MAX).catch(
      () => undefined,
    ),
  ]);
  return {
    state: fault ? "faulty" : "ready",
    ...(fault && { reason: fault }),
    ...(facts && { facts }),
  };
}

const faultOf = (config: Config, { fault }: Service): Promise<string | undefined> =>
  deadline(fault?.(config) ?? Promise.resolve(undefined), FACTS_MS_MAX).catch(
    (error: Error) => error.message,
  );

/** supervisord knows only that it ended; the log holds the reason. */
function lastWords(config: Config, program: string): string {
  const [line] = lastLines(logFile(config, program), 1);
  return line ? `${program} ended: ${line.slice(0, REASON_LENGTH_MAX)}` : `${program} ended`;
}

/**
 * Why a program ended that is being started again: while it does not answer, its last error says more
 * than the refused connection.
 */
function whyItEnded(config: Config, processes: ProcessInfo[]): string | undefined {
  const again = processes.find(({ state }) => state === "BACKOFF" || state === "STARTING");
  if (!again) return undefined;
  const lines = lastLines(logFile(config, again.name), LINES_SEARCHED);
  const line = lines.findLast((line) => ERROR_LINE.test(line));
  return line && `${again.name} ended: ${line.slice(0, REASON_LENGTH_MAX)}`;
}

/** The operating system's data on the processes of a service. */
function measured(
  service: Service,
  alive: ProcessInfo[],
): Pick<Row, "processId" | "processIds" | "memoryBytes" | "uptimeSeconds"> {
  const startedAtSeconds = Math.min(...alive.map((process) => process.startedAtSeconds));
  return {
    ...(service.programs.length > 1
      ? { processIds: Object.fromEntries(alive.map(({ name, processId }) => [name, processId])) }
      : { processId: alive[0]!.processId }),
    memoryBytes: sum(alive.map(({ processId }) => memoryBytes(processId))),
    uptimeSeconds: Math.max(0, Math.round(Date.now() / 1_000 - startedAtSeconds)),
  };
}

/** Restarts of all programs of a service. */
const together = (all: Restarts[]): Restarts => ({
  ...all.toSorted((one, other) => other.lastMs - one.lastMs)[0]!,
  count: sum(all.map(({ count }) => count)),
});
