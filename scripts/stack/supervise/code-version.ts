/**
 * What the programs of the stack are made of, as one hash, so that `up` sees that a newer checkout
 * has come under a stack that runs. Models and DAGs are read again by whoever runs them.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../../lib/config.ts";

const FILES = ["bun.lock", "package.json", "supervisord.conf"];
const FOLDERS = new Glob(
  "{patches,schema,scripts,kafka,postgres,airflow,trino,superset,worker}/**/*",
);
const NOT_RUNNING =
  /\.test\.ts$|\.(md|pyc)$|\/(tests|node_modules|\.wrangler|dist)\/|^airflow\/dags\/|^trino\/queries\//;

export function codeVersion(root = ROOT): string {
  const hash = createHash("sha256");
  const inFolders = [...FOLDERS.scanSync({ cwd: root })].filter((path) => !NOT_RUNNING.test(path));
  for (const path of [...FILES, ...inFolders.sort()]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}
