/**
 * Who uses which folder of the cache. A use is the folder's own time of change, which also a look at
 * its list tells; and whoever runs from it holds a shared lock of the system on it, which ends with
 * the program, however that ends, and is seen by other containers as well.
 */
import { utimesSync } from "node:fs";

/** Of util-linux; where it is absent nothing is locked and so nothing ever removed. */
export const flockProgram = () => Bun.which("flock");

/** A shell knows file descriptors of one digit only. */
const DESCRIPTOR_MAX = 9;

/** Says that these are used now. What is absent, or not ours to write as in compose.yaml, is left. */
export function markUsed(paths: string[]): void {
  const now = new Date();
  for (const path of paths) {
    try {
      utimesSync(path, now, now);
    } catch {
      // `setup` has said it there, through a volume that it may write.
    }
  }
}

/** Lines for a shell, after which it and the program that it becomes hold each of the folders. */
export function holdLines(folders: string[]): string[] {
  const flock = flockProgram();
  if (!flock) return [];
  return folders.flatMap((folder, index) => {
    const descriptor = DESCRIPTOR_MAX - index;
    return [`exec ${descriptor}<${quoted(folder)}`, `${quoted(flock)} --shared ${descriptor}`];
  });
}

export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
