import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../lib/config.ts";

const run = (...kept: string[]) =>
  Bun.spawnSync([process.execPath, "--no-env-file", "scripts/host/other-secrets.ts", ...kept], {
    cwd: ROOT,
  });

test("other-secrets prints all secrets but those that are kept", () => {
  const printed = run("SUMMARY_SECRET").stdout.toString();
  expect(printed.split(/\s/)).toContain("POSTGRES_PASSWORD");
  expect(printed).not.toContain("SUMMARY_SECRET");
});

test("other-secrets ends with 2 and prints nothing when a name is no secret", () => {
  const { exitCode, stdout, stderr } = run("SUMMARY_SECRETS");
  expect(exitCode).toBe(2);
  expect(stdout.toString()).toBe("");
  expect(stderr.toString()).toContain("Cannot keep SUMMARY_SECRETS");
});

// Inside the arguments of `unset` a failure would go unnoticed, and every secret would be kept.
const starts = ["*/start", "scripts/*/start"].flatMap((pattern) => [
  ...new Glob(pattern).scanSync(ROOT),
]);
test.each(starts)("%s stops when it cannot tell which secrets to forget", (path) => {
  const text = readFileSync(join(ROOT, path), "utf8");
  expect(text).toMatch(/^others=\$\(bun --no-env-file scripts\/host\/other-secrets\.ts\b/m);
  expect(text).toMatch(/^unset \$others$/m);
});
