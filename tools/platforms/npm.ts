/**
 * Which packages of bun.lock have a part for some machines and none for this one. The lock names the
 * parts for all machines, each with its hash, which only one that the registry has can have. Pure.
 */
import type { Platform } from "./platform.ts";

type Entry = [
  id: string,
  registry: string,
  details: {
    optionalDependencies?: Record<string, string>;
    os?: string | string[];
    cpu?: string | string[];
  },
  hash: string,
];

/** Names of the packages that come in parts, without one that runs there. */
export function missingNpmParts(lock: string, { os, cpu }: Platform): string[] {
  const { packages } = Bun.JSONC.parse(lock) as { packages: Record<string, Entry> };
  const fits = (wanted: string | string[] | undefined, own: string) =>
    wanted !== undefined && [wanted].flat().includes(own);
  const isPart = (name: string) => packages[name]?.[2]?.os !== undefined;
  return Object.entries(packages)
    .filter(([, [, , details]]) => {
      const parts = Object.keys(details?.optionalDependencies ?? {}).filter(isPart);
      return (
        // A single one, such as fsevents, is for one kind of machine on purpose.
        parts.length > 1 &&
        !parts.some((name) => {
          const part = packages[name]![2];
          return fits(part.os, os) && fits(part.cpu, cpu);
        })
      );
    })
    .map(([name]) => name);
}
