/** The secrets that `up` generates: those that the services declare. */
import type { Secrets, Service } from "../host/service.ts";
import type { Config } from "../lib/config.ts";

/** A server that runs elsewhere has its own passwords, which only its owner knows. */
export const secretsOf = (config: Config, services: Service[]): Secrets =>
  Object.assign(
    {},
    ...services.map(({ elsewhere, serverSecrets = {}, secrets = {} }) => ({
      ...(elsewhere?.(config) ? {} : serverSecrets),
      ...secrets,
    })),
  );
