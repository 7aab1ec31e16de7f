/**
 * The jars of Kafka. Each is checked against the lock at every call, so a broken one is fetched
 * again before the broker meets it.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../scripts/host/artifact-lock.ts";
import {
  cacheFolder,
  keyOf,
  makePrivateFolder,
  OPS_LOCK,
  opsPython,
} from "../scripts/host/folders.ts";
import { installOnce } from "../scripts/host/install-once.ts";
import { megabytes, type Progress } from "../scripts/host/progress.ts";
import { runShown } from "../scripts/host/run.ts";
import type { InstallOptions, Runtime } from "../scripts/host/runtime.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { sum } from "../scripts/lib/sum.ts";

const TITLE = "Kafka";
const LOCK = join(ROOT, "kafka/libs.lock");

export const KAFKA = {
  name: "kafka",
  title: TITLE,
  folder: (config: Config) => cacheFolder(config, "kafka", readFileSync(LOCK)),
  missingBytes: (config) => bytesOf(missingJars(config)),
  install,
  describe(config) {
    const all = kafkaJars().length;
    return `${all - missingJars(config).length} of ${all} jars are whole`;
  },
  // A running broker keeps in memory what it has read of its archive.
  agingFiles: { pattern: /^classes-[0-9a-f]{12}\.aot$/, used: (config) => [kafkaArchive(config)] },
} satisfies Runtime;

/**
 * Kafka's archive of loaded classes. It works only with this Java and with the jars in this place.
 */
export function kafkaArchive(config: Config): string {
  const folder = KAFKA.folder(config);
  return join(folder, `classes-${keyOf(readFileSync(OPS_LOCK), folder)}.aot`);
}

export const kafkaJars = (): Artifact[] => parseArtifactLock(readFileSync(LOCK, "utf8"));

/** The jars as Java's class path. */
export const kafkaClasspath = (config: Config): string =>
  kafkaJars()
    .map((jar) => join(KAFKA.folder(config), jar.name))
    .join(":");

const bytesOf = (jars: Artifact[]): number => sum(jars.map(({ bytes }) => bytes));

/** Jars that are missing or whose content differs from the lock. */
function missingJars(config: Config): Artifact[] {
  return kafkaJars().filter((jar) => {
    try {
      const content = readFileSync(join(KAFKA.folder(config), jar.name));
      return createHash("sha256").update(content).digest("hex") !== jar.sha256;
    } catch {
      return true;
    }
  });
}

function install(config: Config, options: InstallOptions = {}): Promise<void> {
  return installOnce(
    {
      title: TITLE,
      folder: KAFKA.folder(config),
      isInstalled: () => missingJars(config).length === 0,
      amount: () => `${megabytes(bytesOf(missingJars(config)))} to download`,
      make: (progress) => fetchJars(config, progress, options),
    },
    options,
  );
}

async function fetchJars(config: Config, progress: Progress, options: InstallOptions) {
  progress.step("download");
  const folder = makePrivateFolder(KAFKA.folder(config));
  removeDrafts(folder);
  const jars = missingJars(config);
  const total = bytesOf(jars);
  let fetched = 0;
  await runShown(
    [opsPython(config), join(ROOT, "scripts/host/fetch-artifacts.py"), folder],
    (line) => {
      fetched += Number(line.split(" ")[1]) || 0;
      progress.update(`${megabytes(fetched)} of ${megabytes(total)}`);
    },
    {
      input: jars.map((jar) => `${jar.coordinates} ${jar.sha256}\n`).join(""),
      environment: config.MAVEN_REPOSITORY_URL
        ? { MAVEN_REPOSITORY_URL: config.MAVEN_REPOSITORY_URL }
        : {},
      signal: options.signal,
    },
  );
  // Java refuses an archive made with other files, even when their content is the same.
  rmSync(kafkaArchive(config), { force: true });
}

/** The remains of a killed download: see fetch-artifacts.py. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder).filter((name) => /^\..+\.jar\.\d+$/.test(name))) {
    rmSync(join(folder, name), { force: true });
  }
}
