/** Which services a request means, and in which order they start. Pure; `up` and `down` call it. */
import { ConfigError } from "../lib/config.ts";
import type { Service } from "./services.ts";

/**
 * The named services and all they need, each after what it needs; all services when none is named.
 * @throws ConfigError naming an unknown service and those there are
 */
export function withNeeds(services: Service[], names: string[]): Service[] {
  const ordered: Service[] = [];
  const add = (name: string) => {
    const service = serviceNamed(services, name);
    if (ordered.includes(service)) return;
    service.needs.forEach(add);
    ordered.push(service);
  };
  for (const name of names.length > 0 ? names : services.map((service) => service.name)) add(name);
  return ordered;
}

/** @throws ConfigError naming an unknown service and those there are */
export function serviceNamed(services: Service[], name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service) return service;
  const known = services.map((candidate) => candidate.name).join(", ");
  throw new ConfigError(`Cannot find service ${name}: the services are ${known}`);
}
