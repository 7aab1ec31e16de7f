/**
 * Which services a request means, and in which order they start. Pure; all commands of the stack
 * call it.
 */
import { DEFAULT_GROUP, groupOf, type Service } from "../host/service.ts";
import { ConfigError } from "../lib/errors.ts";
import { suggestion } from "../lib/suggestion.ts";

/**
 * The services that the words name, by their own name or by that of their group. Without words, the
 * default group.
 * @throws ConfigError naming an unknown word and the services there are
 */
export function named(services: Service[], words: string[]): Service[] {
  const wanted = words.length > 0 ? words : [DEFAULT_GROUP];
  return [...new Set(wanted.flatMap((word) => matching(services, word)))];
}

/**
 * The wanted services and everything that they need, each after its needs. A service that runs
 * elsewhere has no needs on this machine.
 */
export function withNeeds(
  services: Service[],
  wanted: Service[],
  isHere: (service: Service) => boolean = () => true,
): Service[] {
  const ordered: Service[] = [];
  const add = (service: Service) => {
    if (ordered.includes(service)) return;
    const needs = isHere(service) ? service.needs : [];
    for (const need of needs) add(serviceNamed(services, need));
    ordered.push(service);
  };
  wanted.forEach(add);
  return ordered;
}

/** The given services and all that need them, in the order in which they start. */
export function withDependants(services: Service[], doomed: Service[]): Service[] {
  const depends = (service: Service): boolean =>
    doomed.includes(service) || service.needs.some((name) => depends(serviceNamed(services, name)));
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

function matching(services: Service[], word: string): Service[] {
  const ofGroup = services.filter((service) => groupOf(service) === word);
  return ofGroup.length > 0 ? ofGroup : [serviceNamed(services, word)];
}

/** For help: the names of the services, a line for each group. */
export function servicesByGroup(services: Service[]): string {
  const groups = Map.groupBy(services, groupOf);
  return [...groups]
    .map(([group, members]) => `\n${group.padEnd(9)} ${members.map(({ name }) => name).join(", ")}`)
    .join("");
}
