/**
 * The jars of Kafka, each checked against the lock at every call, so that a broken one is found and
 * fetched again before the broker meets it.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../scripts/host/artifact-lock.ts";
import {
  KAFKA_LOCK,
  kafkaArchive,
  kafkaFolder,
  makePrivateFolder,
  opsPython,
} from "../scripts/host/folders.ts";
import { takeLock } from "../scripts/host/lock.ts";
import type { InstallOptions } from "../scripts/host/options.ts";
import { megabytes, Progress } from "../scripts/host/progress.ts";
import { runShown } from "../scripts/host/run.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";

export const KAFKA_TITLE = "Kafka";
const INSTALL_MS_MAX = 900_000;

export const kafkaJars = (): Artifact[] => parseArtifactLock(readFileSync(KAFKA_LOCK, "utf8"));

/** Jars that are absent or whose content is not that of the lock. */
export function missingKafkaJars(config: Config): Artifact[] {
  return kafkaJars().filter((jar) => {
    try {
      const content = readFileSync(join(kafkaFolder(config), jar.name));
      return createHash("sha256").update(content).digest("hex") !== jar.sha256;
    } catch {
      return true;
    }
  });
}

export async function installKafka(config: Config, options: InstallOptions = {}): Promise<void> {
  if (missingKafkaJars(config).length === 0) return;
  makePrivateFolder(kafkaFolder(config));
  const release = await takeLock(`${kafkaFolder(config)}.lock`, INSTALL_MS_MAX, {
    signal: options.signal,
    holderDoes: `installs ${KAFKA_TITLE}`,
  });
  try {
    const missing = missingKafkaJars(config);
    if (missing.length > 0) await fetchJars(config, missing, options);
  } finally {
    release();
  }
}

async function fetchJars(config: Config, jars: Artifact[], options: InstallOptions): Promise<void> {
  const total = jars.reduce((sum, jar) => sum + jar.bytes, 0);
  const progress = new Progress(KAFKA_TITLE, `${megabytes(total)} to download`, options);
  progress.step("download");
  removeDrafts(kafkaFolder(config));
  let fetched = 0;
  try {
    await runShown(
      [opsPython(config), join(ROOT, "scripts/host/fetch-artifacts.py"), kafkaFolder(config)],
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
    // Java refuses an archive that was made with other files, also when their content is the same.
    rmSync(kafkaArchive(config), { force: true });
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  }
}

/** What a download that was killed has left: see fetch-artifacts.py. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder).filter((name) => /^\..+\.jar\.\d+$/.test(name))) {
    rmSync(join(folder, name), { force: true });
  }
}
