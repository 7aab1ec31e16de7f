/**
 * The Python environment with supervisor, a Java runtime, the Maven client and uv, which installs the
 * other environments. It is made from hashed requirements, and counts as installed once its last
 * file, the mark, is there.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../lib/config.ts";
import { pythonFor } from "./find-python.ts";
import { OPS_LOCK, opsFolder, opsPython } from "./folders.ts";
import { installOnce } from "./install-once.ts";
import { hasOwnPython } from "./own-python.ts";
import type { Progress } from "./progress.ts";
import { runShown } from "./run.ts";
import type { InstallOptions, Runtime } from "./runtime.ts";

const TITLE = "supervisor and Java";
const BYTES = 200_000_000;

/** What all else is installed and run with. */
export const OPS = {
  name: "ops",
  title: TITLE,
  folder: opsFolder,
  missingBytes: (config) => (isOpsInstalled(config) ? 0 : BYTES),
  install: installOps,
} satisfies Runtime;

const mark = (config: Config) => join(opsFolder(config), ".installed");

export const isOpsInstalled = (config: Config) =>
  existsSync(mark(config)) && hasOwnPython(opsFolder(config));

async function installOps(config: Config, options: InstallOptions = {}): Promise<void> {
  if (isOpsInstalled(config)) return;
  const python = pythonFor(TITLE);
  await installOnce(
    {
      title: TITLE,
      folder: opsFolder(config),
      isInstalled: () => isOpsInstalled(config),
      amount: () => "about 90 MB to download",
      make: (progress) => make(config, python, progress, options),
    },
    options,
  );
}

async function make(config: Config, python: string, progress: Progress, options: InstallOptions) {
  const folder = opsFolder(config);
  progress.step("environment");
  rmSync(folder, { recursive: true, force: true });
  await runShown([python, "-m", "venv", folder], (line) => progress.update(line), options);
  progress.step("packages");
  await runShown(
    [
      ...[opsPython(config), "-m", "pip", "install", "--require-hashes", "--no-input"],
      // Its cache would keep Java a second time, in the home of the user.
      "--no-cache-dir",
      ...["--disable-pip-version-check", "--progress-bar=off", "-r", OPS_LOCK],
    ],
    (line) => progress.update(line.trim().split(/\s+/).slice(0, 2).join(" ")),
    options,
  );
  writeFileSync(mark(config), "");
}
