/** Asks uv, which asks the index, whether each package of a lock has a wheel that runs there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { opsPython } from "../../scripts/host/folders.ts";
import { packageIndex } from "../../scripts/host/python.ts";
import type { Config } from "../../scripts/lib/config.ts";
import type { Platform } from "./platform.ts";

/** Names of the packages of which there is only the source. */
export function missingWheels(config: Config, platform: Platform, lock: string): string[] {
  const missing: string[] = [];
  for (;;) {
    const fault = dryRun(config, platform, lock, missing);
    if (fault === "") return missing;
    const [, name] = /Because ([\w.-]+)==\S+ has no usable wheels/.exec(fault) ?? [];
    if (!name || missing.includes(name)) throw new Error(`Cannot ask for ${lock}:\n${fault}`);
    missing.push(name);
  }
}

/** Nothing is downloaded but what the index says of the packages. Gives what uv objects to. */
function dryRun(config: Config, platform: Platform, lock: string, fromSource: string[]): string {
  // Nothing is installed there, so all would have to be.
  const target = mkdtempSync(join(tmpdir(), "platforms-"));
  const { exitCode, stderr } = Bun.spawnSync(
    [
      ...[opsPython(config), "-m", "uv", "pip", "install", "--dry-run", "--no-deps"],
      ...["--require-hashes", "--only-binary", ":all:"],
      ...fromSource.flatMap((name) => ["--no-binary", name]),
      ...["--python-platform", platform.python, "--python-version", PYTHON_VERSION],
      ...["--target", target, "--requirements", lock],
    ],
    {
      env: { ...process.env, ...packageIndex(config) },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  rmSync(target, { recursive: true });
  return exitCode === 0 ? "" : stderr.toString();
}

/** That of Debian 13. */
const PYTHON_VERSION = "3.13";
