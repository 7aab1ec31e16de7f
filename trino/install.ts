/**
 * Trino with the plugins that are needed, from its one archive for everything. Its files are checked
 * at every call against the list that was made when the archive, itself checked, was unpacked; so a
 * broken one is found, and all are fetched again, before the server meets it.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../scripts/host/artifact-lock.ts";
import {
  makePrivateFolder,
  opsPython,
  TRINO_LOCK,
  trinoFolder,
  trinoPlugins,
} from "../scripts/host/folders.ts";
import { takeLock } from "../scripts/host/lock.ts";
import type { InstallOptions } from "../scripts/host/options.ts";
import { megabytes, Progress } from "../scripts/host/progress.ts";
import { runShown } from "../scripts/host/run.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";

export const TRINO_TITLE = "Trino";
/** What is kept of it. */
const UNPACKED_BYTES = 170_000_000;
const INSTALL_MS_MAX = 1_800_000;

const archive = (): Artifact => parseArtifactLock(readFileSync(TRINO_LOCK, "utf8"))[0]!;

/** Room that it needs while it is installed, in bytes; nothing when it is there, whole. */
export const missingTrinoBytes = (config: Config): number =>
  isTrinoWhole(config) ? 0 : archive().bytes + UNPACKED_BYTES;

/** Whether each file is there with the content that the archive had. */
function isTrinoWhole(config: Config): boolean {
  const folder = trinoFolder(config);
  try {
    const lines = readFileSync(join(folder, "files.sha256"), "utf8").trimEnd().split("\n");
    return lines.every((line) => {
      const [sha256, name] = line.split("  ");
      const content = readFileSync(join(folder, name!));
      return createHash("sha256").update(content).digest("hex") === sha256;
    });
  } catch {
    return false;
  }
}

export async function installTrino(config: Config, options: InstallOptions = {}): Promise<void> {
  if (isTrinoWhole(config)) return;
  makePrivateFolder(config.CACHE_DIR);
  const release = await takeLock(`${trinoFolder(config)}.lock`, INSTALL_MS_MAX, {
    signal: options.signal,
    holderDoes: `installs ${TRINO_TITLE}`,
  });
  try {
    if (!isTrinoWhole(config)) await fetchTrino(config, options);
  } finally {
    release();
  }
}

async function fetchTrino(config: Config, options: InstallOptions): Promise<void> {
  const { coordinates, sha256, name, bytes } = archive();
  const progress = new Progress(TRINO_TITLE, `${megabytes(bytes)} to download`, options);
  const draft = `${trinoFolder(config)}.draft`;
  const tool = (path: string) => [opsPython(config), join(ROOT, path)];
  try {
    rmSync(draft, { recursive: true, force: true });
    makePrivateFolder(draft);
    progress.step("download");
    let done = 0;
    const count = (what: string, total: number) => {
      done = 0;
      return (line: string) => {
        done += Number(line.split(" ")[1]) || 0;
        progress.update(`${what}, ${megabytes(done)} of ${megabytes(total)}`);
      };
    };
    await runShown(
      [...tool("scripts/host/fetch-artifacts.py"), draft],
      count("downloading", bytes),
      {
        input: `${coordinates} ${sha256}\n`,
        environment: config.MAVEN_REPOSITORY_URL
          ? { MAVEN_REPOSITORY_URL: config.MAVEN_REPOSITORY_URL }
          : {},
        signal: options.signal,
      },
    );
    progress.step("unpack");
    await runShown(
      [...tool("trino/unpack.py"), join(draft, name), draft, ...trinoPlugins()],
      count("unpacking what is needed", UNPACKED_BYTES),
      options,
    );
    rmSync(join(draft, name));
    rmSync(trinoFolder(config), { recursive: true, force: true });
    renameSync(draft, trinoFolder(config));
    progress.done();
  } catch (error) {
    progress.failed();
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
