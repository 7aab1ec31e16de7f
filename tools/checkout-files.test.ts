import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../scripts/lib/config.ts";
import { checkoutFiles, walk } from "./checkout-files.ts";

test("checkoutFiles() has this file, and none that git ignores", () => {
  const files = checkoutFiles();
  expect(files).toContain("tools/checkout-files.test.ts");
  expect(files).toContain(".gitignore");
  expect(files.filter((path) => path.includes("node_modules"))).toEqual([]);
});

test("walk() leaves out what the checkout's .gitignore names, and nothing else", () => {
  const root = mkdtempSync(join(tmpdir(), "checkout-files-"));
  const kept = ["package.json", "scripts/up.ts", "scripts/logs/log.ts", ".github/ci.yml", "dist/a"];
  const ignored = [
    ...["node_modules/a/package.json", "bench/node_modules/a", ".state/postgres/base", ".env"],
    ...["ci.log", "scripts/up.log", "dbt/__pycache__/run.pyc", "worker/dist/index.js", ".git/HEAD"],
  ];
  try {
    for (const path of [...kept, ...ignored]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), "");
    }
    const gitignore = readFileSync(join(ROOT, ".gitignore"), "utf8");
    expect(walk(root, gitignore).sort()).toEqual(kept.sort());
  } finally {
    rmSync(root, { recursive: true });
  }
});
