/**
 * Trino with the plugins that are needed, from its one archive. At every call the files are checked
 * against the list made when the verified archive was unpacked. A broken file is found, and all are
 * fetched again, before the server meets it.
 */
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../scripts/host/artifact-lock.ts";
import { fetchArtifacts, hasSha256 } from "../scripts/host/artifacts.ts";
import { cacheFolder, makePrivateFolder, opsPython } from "../scripts/host/folders.ts";
import { installOnce } from "../scripts/host/install-once.ts";
import { agingArchive } from "../scripts/host/java-archive.ts";
import type { Progress } from "../scripts/host/progress.ts";
import { runShown } from "../scripts/host/run.ts";
import type { InstallOptions, Runtime } from "../scripts/host/runtime.ts";
import { megabytes } from "../scripts/lib/bytes.ts";
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
  folder,
  // While it is unpacked, the archive takes space, too.
  missingBytes: (config) => (isWhole(config) ? 0 : archive().bytes + UNPACKED_BYTES),
  install,
  agingFiles: agingArchive(folder),
} satisfies Runtime;

function folder(config: Config): string {
  return cacheFolder(config, "trino", readFileSync(LOCK), readFileSync(PLUGINS));
}

const archive = (): Artifact => parseArtifactLock(readFileSync(LOCK, "utf8"))[0]!;

const plugins = () => readFileSync(PLUGINS, "utf8").trim().split("\n");

/** Whether each file exists with the archive's content. */
function isWhole(config: Config): boolean {
  const folder = TRINO.folder(config);
  try {
    const lines = readFileSync(join(folder, "files.sha256"), "utf8").trimEnd().split("\n");
    return lines.every((line) => {
      const [sha256, name] = line.split("  ");
      return hasSha256(join(folder, name!), sha256!);
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
  const fetched = archive();
  const draft = `${TRINO.folder(config)}.draft`;
  const packed = join(draft, fetched.name);
  try {
    rmSync(draft, { recursive: true, force: true });
    makePrivateFolder(draft);
    progress.step("download");
    const onLine = progress.countBytes(fetched.bytes, "downloading");
    await fetchArtifacts(config, draft, [fetched], onLine, options);
    progress.step("unpack");
    await runShown(
      [opsPython(config), join(ROOT, "trino/unpack.py"), packed, draft, ...plugins()],
      progress.countBytes(UNPACKED_BYTES, "unpacking what is needed"),
      options,
    );
    rmSync(packed);
    rmSync(TRINO.folder(config), { recursive: true, force: true });
    renameSync(draft, TRINO.folder(config));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
