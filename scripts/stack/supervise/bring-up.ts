/**
 * Installs what the services run on and starts them: first what the page needs, then what is
 * slow, each as soon as it is installed.
 */

import { say } from "../../host/progress.ts";
import type { Config } from "../../lib/config.ts";
import { assertRoomForStack, install } from "../install/install.ts";
import type { Service } from "../services.ts";
import type { Stopwatch } from "../show/stopwatch.ts";
import { startServices } from "./start.ts";
import type { SlowFailure } from "./start-slow.ts";

interface BringUpOptions {
  signal: AbortSignal;
  /** Names of the services that run already. */
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
  assertRoomForStack(config, runtimesOf(wanted));
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
