/**
 * Starts services in the order of their needs, the slow ones last, and waits until each is ready.
 * When a quick service fails, or the signal ends the wait, everything that this call started is
 * stopped again. When a slow one fails, only that and its dependants stop.
 */

import { asEnvironment, inheritedEnvironment } from "../../host/environment.ts";
import { programNames, type Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { taskGroup } from "../../lib/task-group.ts";
import { waitUntilReady } from "./ready.ts";
import { recordSettings } from "./running-settings.ts";
import { type SlowFailure, startSlow } from "./start-slow.ts";
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

interface StartOptions {
  signal: AbortSignal;
  /**
   * Installs the runtime of a slow service once the others work, since its writing would slow them.
   */
  prepare(service: Service, ended: AbortSignal): Promise<void>;
  onStart(service: Service): void;
  /** Called for each service as soon as it works. */
  onReady(service: Service): void;
}

/** Returns the slow services that failed. */
export async function startServices(
  config: Config,
  services: Service[],
  { signal, prepare, onStart, onReady }: StartOptions,
): Promise<SlowFailure[]> {
  const hadSupervisor = (await supervisorProcess(config)) !== undefined;
  const alreadyAlive = await aliveNames(config);
  const started: Service[] = [];
  const start = async (service: Service, ended: AbortSignal) => {
    ended.throwIfAborted();
    if (!alreadyAlive.includes(service.name)) started.push(service);
    onStart(service);
    await startGroup(config, service.name);
  };
  const wait = async (service: Service, ended: AbortSignal) => {
    await waitUntilReady(config, service, ended);
    onReady(service);
  };
  const quick = services.filter(({ isSlow }) => !isSlow);
  const slow = services.filter(({ isSlow }) => isSlow);
  let failures: SlowFailure[];
  try {
    if (!hadSupervisor) {
      await startSupervisor(config, { ...inheritedEnvironment(), ...asEnvironment(config) });
      recordSettings(config);
    }
    for (const service of quick) await start(service, signal);
    await taskGroup(signal, (ended) => waitInOrder(quick, (service) => wait(service, ended)));
    failures = await startSlow(slow, signal, async (service, ended) => {
      await prepare(service, ended);
      await start(service, ended);
      await wait(service, ended);
    });
  } catch (error) {
    if (hadSupervisor) await stopEach(config, started.toReversed());
    else await stopAll(config, services);
    throw error;
  }
  const failed = failures.map(({ service }) => service);
  await stopEach(config, started.filter((service) => failed.includes(service)).toReversed());
  return failures;
}

/** The time to become ready counts from the moment when the service's needs are ready. */
function waitInOrder(
  services: Service[],
  wait: (service: Service) => Promise<void>,
): Promise<void>[] {
  const ready = new Map<string, Promise<void>>();
  for (const service of services) {
    const needs = service.needs.map((name) => ready.get(name));
    ready.set(
      service.name,
      Promise.all(needs).then(() => wait(service)),
    );
  }
  return [...ready.values()];
}

/** A service that has ended cannot be stopped, and must not keep the others running. */
async function stopEach(config: Config, services: Service[]): Promise<void> {
  for (const service of services) {
    for (const program of programNames(service).toReversed()) {
      await stopProcess(config, service.name, program).catch(() => {});
    }
  }
}
