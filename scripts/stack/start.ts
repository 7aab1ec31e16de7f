/**
 * Starts services in the order of their needs, the slow ones when the others are ready, and waits
 * until each is ready. When one fails, or the signal ends the wait, whatever this call started is
 * stopped again before the error goes on.
 */
import type { Config } from "../lib/config.ts";
import { asEnvironment, inheritedEnvironment } from "./environment.ts";
import { waitUntilReady } from "./ready.ts";
import { recordSettings } from "./running-settings.ts";
import { programsOf, type Service } from "./services.ts";
import { stopAll } from "./stop.ts";
import {
  listProcesses,
  startGroup,
  startSupervisor,
  stopProcess,
  supervisorProcess,
} from "./supervisor.ts";

const ALIVE = ["RUNNING", "STARTING", "BACKOFF"];

/** Names of the services of which supervisord keeps a program alive now. */
export async function aliveNames(config: Config): Promise<string[]> {
  if ((await supervisorProcess(config)) === undefined) return [];
  const alive = (await listProcesses(config)).filter(({ state }) => ALIVE.includes(state));
  return [...new Set(alive.map(({ group }) => group))];
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
    for (const isSlow of [false, true]) {
      const stage = services.filter((service) => (service.isSlow ?? false) === isSlow);
      for (const service of stage) {
        signal.throwIfAborted();
        if (!alreadyAlive.includes(service.name)) started.push(service);
        await startGroup(config, service.name);
      }
      await Promise.all(
        stage.map(async (service) => {
          await waitUntilReady(config, service, ended);
          onReady(service);
        }),
      );
    }
  } catch (error) {
    failed.abort(error);
    if (hadSupervisor) await stopEach(config, started.toReversed());
    else await stopAll(config, services);
    throw error;
  }
}

/** One that cannot be stopped, because it has ended, must not keep the others running. */
async function stopEach(config: Config, services: Service[]): Promise<void> {
  for (const service of services) {
    for (const program of programsOf(service).toReversed()) {
      await stopProcess(config, service.name, program).catch(() => {});
    }
  }
}
