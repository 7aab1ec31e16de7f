/** How much room a folder takes. Files that vanish meanwhile count as nothing. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

export function folderBytes(path: string): number {
  try {
    const entry = lstatSync(path);
    if (!entry.isDirectory()) return entry.blocks * 512;
    return readdirSync(path)
      .map((name) => folderBytes(join(path, name)))
      .reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    return 0;
  }
}
