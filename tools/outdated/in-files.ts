/** Finds what is pinned by a pattern in files that no program of ours reads as a whole. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../../scripts/lib/config.ts";
import type { Pin } from "./pin.ts";

/** Each name and version that the pattern's two groups find, once a file. */
export function pinsInFiles(
  files: string,
  pattern: RegExp,
  rest: Omit<Pin, "name" | "pinned" | "file">,
): Pin[] {
  return [...new Glob(files).scanSync({ cwd: ROOT, dot: true })].sort().flatMap((file) => {
    const found = readFileSync(join(ROOT, file), "utf8").matchAll(pattern);
    return [...new Map([...found].map(([, name, version]) => [name!, version!]))].map(
      ([name, pinned]) => ({ name, pinned, file, ...rest }),
    );
  });
}
