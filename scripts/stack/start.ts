/**
 * Starts services in the order of their needs and waits until each is ready. When one fails, or the
 * signal ends the wait, whatever this call started is stopped again before the error goes on.
 */
import type { Config } from "../lib/config.ts";
import { asEnvironment, inheritedEnvironment } from "./environment.ts";
import { waitUntilReady } from "./ready.ts";
import { recordSettings } from "./running-settings.ts";
import type { Service } from "./services.ts";
import { stopAll } from "./stop.ts";
import {
  listProcesses,
  startProcess,
  startSupervisor,
  stopProcess,
  supervisorProcess,
} from "./supervisor.ts";

const ALIVE = ["RUNNING", "STARTING", "BACKOFF"];

/** Names of the programs that supervisord keeps alive now. */
export async function aliveNames(config: Config): Promise<string[]> {
  if ((await supervisorProcess(config)) === undefined) return [];
  const processes = await listProcesses(config);
  return processes.filter(({ state }) => ALIVE.includes(state)).map(({ name }) => name);
}

/** `onReady` is told of each service as soon as it works. */
export async function startServices(
  config: Config,
  services: Service[],
  { signal, onReady }: { signal: AbortSignal; onReady: (service: Service) => void },
): Promise<void> {
  const hadSupervisor = (await supervisorProcess(config)) !== undefined;
  const alreadyAlive = await aliveNames(config);
  const started: Service[] = [];
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  try {
    if (!hadSupervisor) {
      await startSupervisor(config, { ...inheritedEnvironment(), ...asEnvironment(config) });
      recordSettings(config);
    }
    for (const service of services) {
      signal.throwIfAborted();
      if (alreadyAlive.includes(service.name)) continue;
      started.push(service);
      await startProcess(config, service.name);
    }
    await Promise.all(
      services.map(async (service) => {
        await waitUntilReady(config, service, ended);
        onReady(service);
      }),
    );
  } catch (error) {
    failed.abort(error);
    if (hadSupervisor) await stopEach(config, started.toReversed());
    else await stopAll(config, services);
    throw error;
  }
}

/** One that cannot be stopped, because it has ended, must not keep the others running. */
async function stopEach(config: Config, services: Service[]): Promise<void> {
  for (const { name } of services) await stopProcess(config, name).catch(() => {});
}
