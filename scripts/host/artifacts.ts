/**
 * Files of the Maven repository in a folder of the cache: fetching those of a lock, and whether one
 * is whole.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Config, ROOT } from "../lib/config.ts";
import type { Artifact } from "./artifact-lock.ts";
import { opsPython } from "./folders.ts";
import { runShown } from "./run.ts";
import type { InstallOptions } from "./runtime.ts";

/**
 * Fetches the files. Each appears whole or not at all. `onLine` gets `NAME BYTES` after every piece.
 * @throws Error naming the address that cannot be fetched, or whose content is another
 */
export function fetchArtifacts(
  config: Config,
  folder: string,
  artifacts: Artifact[],
  onLine: (line: string) => void,
  { signal }: InstallOptions = {},
): Promise<void> {
  const { MAVEN_REPOSITORY_URL } = config;
  return runShown(
    [opsPython(config), join(ROOT, "scripts/host/fetch-artifacts.py"), folder],
    onLine,
    {
      input: artifacts.map(({ coordinates, sha256 }) => `${coordinates} ${sha256}\n`).join(""),
      environment: MAVEN_REPOSITORY_URL ? { MAVEN_REPOSITORY_URL } : {},
      signal,
    },
  );
}

/** The clock of a disk is coarse: a file may be written twice in one of its ticks. */
const SETTLED_MS = 1_000;

/** Files that were whole when this process last read them, each as it was then. */
const wholeFiles = new Map<string, string>();

/**
 * Whether the file exists with this content. `up` asks several times about hundreds of megabytes, so
 * a file that nothing has touched since is not read again.
 */
export function hasSha256(path: string, sha256: string): boolean {
  try {
    const { ino, size, ctimeMs } = statSync(path);
    const seen = [sha256, ino, size, ctimeMs].join(" ");
    if (wholeFiles.get(path) === seen) return true;
    const isWhole = createHash("sha256").update(readFileSync(path)).digest("hex") === sha256;
    if (isWhole && Date.now() - ctimeMs > SETTLED_MS) wholeFiles.set(path, seen);
    return isWhole;
  } catch {
    return false;
  }
}
