/** Sorts the files of the checkout by their kind, from their paths and first lines. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { checkoutFiles } from "../checkout-files.ts";

export type FileKind = "shell" | "yaml" | "dockerfile" | "workflow" | "compose";

const FIRST_LINE_BYTES_MAX = 100;

/** The files of the checkout that are of a kind which has a check. */
export function filesOfEachKind(): Record<FileKind, string[]> {
  const files: Record<FileKind, string[]> = {
    shell: [],
    yaml: [],
    dockerfile: [],
    workflow: [],
    compose: [],
  };
  for (const path of checkoutFiles()) {
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

/** Undefined for an unreadable path, such as a link to a folder. */
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
