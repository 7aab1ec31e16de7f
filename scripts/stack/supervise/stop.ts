/**
 * Stops a whole stack, dependants first, and leaves no process behind, even after supervisord was
 * killed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endProcesses } from "../../host/end-processes.ts";
import { removeSocketFolder, supervisorSocket } from "../../host/folders.ts";
import { commandLine, isAlive, processesWithEnvironment } from "../../host/process-tree.ts";
import { programNames, type Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { dataFolder } from "../../lib/local-data.ts";
import { forgetSettings } from "./running-settings.ts";
import { listProcesses, stopProcess, stopSupervisor, supervisorProcess } from "./supervisor.ts";

const END_MS_MAX = 60_000;

/**
 * Stops only the given services, in the order in which they start. Returns the names of those that
 * ran.
 */
export async function stopServices(config: Config, services: Service[]): Promise<string[]> {
  const stopped: string[] = [];
  if ((await supervisorProcess(config)) === undefined) return stopped;
  for (const service of services.toReversed()) {
    const running = (await listProcesses(config))
      .filter(({ state }) => !["STOPPED", "EXITED", "FATAL"].includes(state))
      .filter(({ group }) => group === service.name)
      .map(({ name }) => name);
    for (const program of programNames(service).toReversed()) {
      if (running.includes(program)) await stopProcess(config, service.name, program);
    }
    if (running.length > 0) stopped.push(service.name);
  }
  return stopped;
}

/** Stops a whole stack, with all its remains. */
export async function stopAll(config: Config, services: Service[]): Promise<string[]> {
  const stopped = await stopServices(config, services);
  await stopSupervisor(config);
  const orphans = await stopOrphans(config);
  forgetSettings(config);
  removeSocketFolder(config);
  return [...stopped, ...orphans.map((processId) => `process ${processId}`)];
}

/** Programs of this stack without a supervisord. */
function orphanProcesses(config: Config): number[] {
  const marked = processesWithEnvironment([
    `SUPERVISOR_SOCKET=${supervisorSocket(config)}`,
    "SUPERVISOR_ENABLED=1",
  ]);
  return [...new Set([...marked, ...postgresOf(config)])].filter(isAlive);
}

/** PostgreSQL overwrites its environment, but its data folder identifies it. */
function postgresOf(config: Config): number[] {
  try {
    const path = join(dataFolder(config, "postgres"), "postmaster.pid");
    const processId = Number.parseInt(readFileSync(path, "utf8"), 10);
    return commandLine(processId).includes(dataFolder(config, "postgres")) ? [processId] : [];
  } catch {
    return [];
  }
}

async function stopOrphans(config: Config): Promise<number[]> {
  const orphans = orphanProcesses(config);
  const postgres = postgresOf(config);
  const signalOf = (processId: number) => (postgres.includes(processId) ? "SIGINT" : "SIGTERM");
  await endProcesses(orphans, signalOf, { endMsMax: END_MS_MAX, killedMsMax: END_MS_MAX });
  return orphans;
}
