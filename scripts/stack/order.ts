/** Which services a request means, and in which order they start. Pure; `up` and `down` call it. */

import { ConfigError } from "../lib/errors.ts";
import { suggestion } from "../lib/suggestion.ts";
import type { Service } from "./services.ts";

/**
 * The named services and all they need, each after what it needs; all but the optional ones when none is
 * named.
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
  const usual = services.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
  for (const name of names.length > 0 ? names : usual) add(name);
  return ordered;
}

/**
 * The named services and all that need them, in the order in which they start.
 * @throws ConfigError naming an unknown service and those there are
 */
export function withDependants(services: Service[], names: string[]): Service[] {
  const named = names.map((name) => serviceNamed(services, name));
  const depends = (service: Service): boolean =>
    named.includes(service) || service.needs.some((name) => depends(serviceNamed(services, name)));
  return services.filter(depends);
}

/** @throws ConfigError naming an unknown service and those there are */
export function serviceNamed(services: Service[], name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service) return service;
  const known = services.map((candidate) => candidate.name);
  throw new ConfigError(
    `Cannot find service ${name}: the services are ${known.join(", ")}${suggestion(name, known)}`,
  );
}
