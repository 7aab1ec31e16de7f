/**
 * Services that run elsewhere by the settings: the stack uses them, and neither starts nor stops
 * them.
 */
import type { Service } from "../host/service.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { until } from "../lib/wait.ts";

const ANSWER_MS_MAX = 15_000;

export const isHere =
  (config: Config) =>
  ({ elsewhere }: Service): boolean =>
    elsewhere?.(config) === undefined;

/** @throws ConfigError when a service that runs elsewhere is to be started or stopped here */
export function assertHere(config: Config, verb: "start" | "stop", named: Service[]): void {
  for (const service of named) {
    const setting = service.elsewhere?.(config);
    if (!setting) continue;
    throw new ConfigError(
      `Cannot ${verb} ${service.name}: ${setting} says that it runs elsewhere, at ${config[setting]}; empty that setting to run one here`,
    );
  }
}

/** @throws Error naming the service that does not answer, and why */
export async function untilElsewhereAnswers(
  config: Config,
  services: Service[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    services
      .filter((service) => !isHere(config)(service))
      .map((service) =>
        until(
          `${service.name} answers, which ${service.elsewhere!(config)} says is elsewhere`,
          ANSWER_MS_MAX,
          () => service.probe(config, []),
          { signal },
        ),
      ),
  );
}
