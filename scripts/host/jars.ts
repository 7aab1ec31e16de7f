/**
 * Programs that are jars of the Maven repository, each from its lock. At every call the jars are
 * checked against the lock, so a broken one is fetched again before a program meets it.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { megabytes } from "../lib/bytes.ts";
import { type Config, ROOT } from "../lib/config.ts";
import { sum } from "../lib/sum.ts";
import { type Artifact, parseArtifactLock } from "./artifact-lock.ts";
import { fetchArtifacts, hasSha256 } from "./artifacts.ts";
import { cacheFolder, makePrivateFolder } from "./folders.ts";
import { installOnce } from "./install-once.ts";
import type { Runtime } from "./runtime.ts";

interface Requirements {
  name: string;
  title: string;
  /** Path of the lock in the checkout. */
  lock: string;
  /** Called when jars were fetched, for what was made from the former ones. */
  onFetched?(config: Config): void;
}

export interface JarRuntime extends Runtime {
  folder(config: Config): string;
  jars(): Artifact[];
  /** The jars as Java's class path. */
  classPath(config: Config): string;
}

export function jarRuntime({ name, title, lock, onFetched }: Requirements): JarRuntime {
  const path = join(ROOT, lock);
  const folder = (config: Config) => cacheFolder(config, name, readFileSync(path));
  const jars = () => parseArtifactLock(readFileSync(path, "utf8"));
  const missingJars = (config: Config) =>
    jars().filter((jar) => !hasSha256(join(folder(config), jar.name), jar.sha256));
  const missingBytes = (config: Config) => bytesOf(missingJars(config));
  return {
    name,
    title,
    folder,
    jars,
    classPath: (config) =>
      jars()
        .map((jar) => join(folder(config), jar.name))
        .join(":"),
    missingBytes,
    describe(config) {
      const all = jars().length;
      return `${all - missingJars(config).length} of ${all} jars are whole`;
    },
    install: (config, options = {}) =>
      installOnce(
        {
          title,
          folder: folder(config),
          isInstalled: () => missingJars(config).length === 0,
          amount: () => `${megabytes(missingBytes(config))} to download`,
          async make(progress) {
            progress.step("download");
            removeDrafts(makePrivateFolder(folder(config)));
            const missing = missingJars(config);
            const onLine = progress.countBytes(bytesOf(missing));
            await fetchArtifacts(config, folder(config), missing, onLine, options);
            onFetched?.(config);
          },
        },
        options,
      ),
  };
}

const bytesOf = (jars: readonly Artifact[]) => sum(jars.map(({ bytes }) => bytes));

/** The remains of a killed download: see fetch-artifacts.py. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder).filter((name) => /^\..+\.jar\.\d+$/.test(name))) {
    rmSync(join(folder, name), { force: true });
  }
}
