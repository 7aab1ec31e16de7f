/** How much room a folder takes. Files that vanish meanwhile count as nothing. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sum } from "../lib/sum.ts";

export function folderBytes(path: string): number {
  try {
    const entry = lstatSync(path);
    if (!entry.isDirectory()) return entry.blocks * 512;
    return sum(readdirSync(path).map((name) => folderBytes(join(path, name))));
  } catch {
    return 0;
  }
}
