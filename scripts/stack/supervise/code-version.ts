/**
 * One hash of the code of the running programs, so that `up` notices newer code under a running
 * stack.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import type { Service } from "../../host/service.ts";
import { ROOT } from "../../lib/config.ts";

/** Files that every program shares. */
const SHARED = ["bun.lock", "package.json", "{patches,schema,scripts}/**/*"];
const NOT_RUNNING = /\.test\.ts$|\.(md|pyc)$|\/(tests|node_modules|\.wrangler|dist)\//;

export function codeVersion(services: Service[], root = ROOT): string {
  const folders = services.map(({ folder }) => `${folder}/**/*`);
  const readAgain = services.flatMap(({ folder, readAgain = [] }) =>
    readAgain.map((part) => `${folder}/${part}/`),
  );
  const paths = [...SHARED, ...folders].flatMap((pattern) => [
    ...new Glob(pattern).scanSync({ cwd: root }),
  ]);
  const running = [...new Set(paths)]
    .filter((path) => !NOT_RUNNING.test(path))
    .filter((path) => !readAgain.some((part) => path.startsWith(part)));
  const hash = createHash("sha256");
  for (const path of running.sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}
