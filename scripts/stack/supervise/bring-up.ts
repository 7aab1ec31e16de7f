/**
 * Installs the runtimes of the services and starts them: first what the page needs, then the slow
 * ones, each as soon as it is installed.
 */

import { existsSync } from "node:fs";
import { assertRoom, install, missingBytes } from "../../host/install.ts";
import { say } from "../../host/progress.ts";
import type { Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { dataFolder } from "../../lib/local-data.ts";
import type { Stopwatch } from "../show/stopwatch.ts";
import { startServices } from "./start.ts";
import type { SlowFailure } from "./start-slow.ts";

interface BringUpOptions {
  signal: AbortSignal;
  /** Names of the services that already run. */
  alive: string[];
  stopwatch: Stopwatch;
}

/** Returns the slow services that failed, while all else works. */
export async function bringUp(
  config: Config,
  wanted: Service[],
  { signal, alive, stopwatch }: BringUpOptions,
): Promise<SlowFailure[]> {
  const options = { signal, onStep: stopwatch.install.bind(stopwatch) };
  const runtimesOf = (some: Service[]) => some.flatMap(({ runtimes }) => runtimes);
  assertRoom(config, {
    CACHE_DIR: missingBytes(config, runtimesOf(wanted)),
    STATE_DIR: newDataBytes(config, wanted),
  });
  await install(config, runtimesOf(wanted.filter(({ isSlow }) => !isSlow)), options);
  return startServices(config, wanted, {
    signal,
    prepare: ({ runtimes }, ended) => install(config, runtimes, { ...options, signal: ended }),
    onStart: (service) => stopwatch.start(service),
    onReady: (service) => {
      stopwatch.ready(service);
      if (!alive.includes(service.name)) say(`${service.name} is ready`);
    },
  });
}

/** Room for the first data of services without any yet. */
const newDataBytes = (config: Config, services: Service[]): number =>
  services
    .filter(({ name }) => !existsSync(dataFolder(config, name)))
    .reduce((sum, { dataBytes = 0 }) => sum + dataBytes, 0);
