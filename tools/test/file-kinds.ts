/** Sorts the files of the checkout by what they are, from their paths and first lines. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

export type FileKind = "shell" | "yaml" | "dockerfile" | "workflow" | "compose";

const FIRST_LINE_BYTES_MAX = 100;

/** All that git knows or would take up: what it ignores is nobody's to check. */
export function filesOfEachKind(): Record<FileKind, string[]> {
  const files: Record<FileKind, string[]> = {
    shell: [],
    yaml: [],
    dockerfile: [],
    workflow: [],
    compose: [],
  };
  for (const path of filesOfCheckout()) {
    const firstLine = readFirstLine(join(ROOT, path));
    if (firstLine === undefined) continue;
    for (const kind of kindsOf(path, firstLine)) files[kind].push(path);
  }
  return files;
}

export function kindsOf(path: string, firstLine: string): FileKind[] {
  const tests: Record<FileKind, boolean> = {
    shell:
      /^#!.*[/ ](ba|da)?sh( |$)/.test(firstLine) ||
      firstLine.startsWith("# shellcheck shell=") ||
      path.endsWith(".sh"),
    yaml: /\.ya?ml$/.test(path),
    dockerfile: /(^|\/)([\w.-]+\.)?Dockerfile(\.[\w.-]+)?$/.test(path),
    workflow: /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path),
    compose: /(^|\/)(docker-)?compose(\.[\w-]+)?\.ya?ml$/.test(path),
  };
  return (Object.keys(tests) as FileKind[]).filter((kind) => tests[kind]);
}

function filesOfCheckout(): string[] {
  const git = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT },
  );
  if (!git.success) throw new Error(`Cannot list the files of the checkout: ${git.stderr}`);
  return [...new Set(git.stdout.toString().split("\0"))].filter((path) => path !== "").sort();
}

/** Nothing for what git knows but is not there: deleted, or a link to nowhere. */
function readFirstLine(path: string): string | undefined {
  const start = Buffer.alloc(FIRST_LINE_BYTES_MAX);
  try {
    const file = openSync(path, "r");
    try {
      const length = readSync(file, start);
      return start.toString("latin1", 0, length).split("\n", 1)[0];
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
