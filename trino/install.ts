/**
 * Trino with the plugins that are needed, from its one archive. At every call the files are checked
 * against the list made when the verified archive was unpacked. A broken file is found, and all are
 * fetched again, before the server meets it.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../scripts/host/artifact-lock.ts";
import { cacheFolder, makePrivateFolder, opsPython } from "../scripts/host/folders.ts";
import { installOnce } from "../scripts/host/install-once.ts";
import { megabytes, type Progress } from "../scripts/host/progress.ts";
import { runShown } from "../scripts/host/run.ts";
import type { InstallOptions, Runtime } from "../scripts/host/runtime.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";

const TITLE = "Trino";
const LOCK = join(ROOT, "trino/server.lock");
const PLUGINS = join(ROOT, "trino/plugins.txt");
/** The part of the archive that is kept. */
const UNPACKED_BYTES = 170_000_000;
const WAIT_MS_MAX = 1_800_000;

export const TRINO = {
  name: "trino",
  title: TITLE,
  folder: (config: Config) =>
    cacheFolder(config, "trino", readFileSync(LOCK), readFileSync(PLUGINS)),
  // While it is unpacked, the archive takes space, too.
  missingBytes: (config) => (isWhole(config) ? 0 : archive().bytes + UNPACKED_BYTES),
  install,
} satisfies Runtime;

const archive = (): Artifact => parseArtifactLock(readFileSync(LOCK, "utf8"))[0]!;

const plugins = () => readFileSync(PLUGINS, "utf8").trim().split("\n");

/** Whether each file exists with the archive's content. */
function isWhole(config: Config): boolean {
  const folder = TRINO.folder(config);
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

function install(config: Config, options: InstallOptions = {}): Promise<void> {
  return installOnce(
    {
      title: TITLE,
      folder: TRINO.folder(config),
      waitMsMax: WAIT_MS_MAX,
      isInstalled: () => isWhole(config),
      amount: () => `${megabytes(archive().bytes)} to download`,
      make: (progress) => fetchTrino(config, progress, options),
    },
    options,
  );
}

async function fetchTrino(
  config: Config,
  progress: Progress,
  options: InstallOptions,
): Promise<void> {
  const { coordinates, sha256, name, bytes } = archive();
  const draft = `${TRINO.folder(config)}.draft`;
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
      [...tool("trino/unpack.py"), join(draft, name), draft, ...plugins()],
      count("unpacking what is needed", UNPACKED_BYTES),
      options,
    );
    rmSync(join(draft, name));
    rmSync(TRINO.folder(config), { recursive: true, force: true });
    renameSync(draft, TRINO.folder(config));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
