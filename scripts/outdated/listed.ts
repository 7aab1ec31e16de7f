/** What is pinned and has no registry that can be asked without an account or a limit. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { ROOT } from "../lib/config.ts";
import type { Pin } from "./pin.ts";

const ACTION = /uses: ([\w./-]+)@[0-9a-f]{40} # (\S+)/g;
const BASE_IMAGE = /^FROM (\S+):(\S+)/gm;

export function listedPins(): Pin[] {
  return [
    ...matches(".github/workflows/*.y*ml", ACTION, {
      kind: "action",
      unknown: "not looked up: see the releases of its repository",
    }),
    ...matches(".devcontainer/Dockerfile", BASE_IMAGE, {
      kind: "image",
      unknown: "not looked up: the tag of a release of Debian moves by itself",
    }),
    ...Object.entries(manifest.engines).map(([name, pinned]) => ({
      kind: "engine",
      name,
      pinned,
      file: "package.json",
      unknown: "not looked up: the oldest that will do",
    })),
  ];
}

/** Each name and version that a pattern finds, once a file. */
function matches(files: string, pattern: RegExp, rest: Pick<Pin, "kind" | "unknown">): Pin[] {
  return [...new Glob(files).scanSync({ cwd: ROOT, dot: true })].sort().flatMap((file) => {
    const found = readFileSync(join(ROOT, file), "utf8").matchAll(pattern);
    return [...new Map([...found].map(([, name, version]) => [name!, version!]))].map(
      ([name, pinned]) => ({ name, pinned, file, ...rest }),
    );
  });
}
