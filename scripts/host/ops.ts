/**
 * The Python environment with supervisor, a Java runtime, the Maven client and uv, which installs the
 * other environments. It is made from hashed requirements, and counts as installed once its last
 * file, the mark, is there.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../lib/config.ts";
import { findPython } from "./find-python.ts";
import { makePrivateFolder, OPS_LOCK, opsFolder, opsPython } from "./folders.ts";
import { takeLock } from "./lock.ts";
import { hasOwnPython } from "./own-python.ts";
import { Progress } from "./progress.ts";
import { runShown } from "./run.ts";
import type { InstallOptions, Runtime } from "./runtime.ts";

const TITLE = "supervisor and Java";
const BYTES = 200_000_000;
const INSTALL_MS_MAX = 900_000;

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
  const python = findPython();
  if ("missing" in python) {
    throw new Error(`Cannot install ${TITLE}: ${python.missing}; ${python.mend}`);
  }
  makePrivateFolder(config.CACHE_DIR);
  const release = await takeLock(`${opsFolder(config)}.lock`, INSTALL_MS_MAX, {
    signal: options.signal,
    holderDoes: `installs ${TITLE}`,
  });
  try {
    if (!isOpsInstalled(config)) await install(config, python.path, options);
  } finally {
    release();
  }
}

async function install(config: Config, python: string, options: InstallOptions): Promise<void> {
  const folder = opsFolder(config);
  const progress = new Progress(TITLE, "about 90 MB to download", options);
  try {
    progress.step("environment");
    rmSync(folder, { recursive: true, force: true });
    await runShown([python, "-m", "venv", folder], (line) => progress.update(line), options);
    progress.step("packages");
    const pip = [opsPython(config), "-m", "pip", "install", "--require-hashes", "--no-input"];
    // Its cache would keep Java a second time, in the home of the user.
    await runShown(
      [
        ...pip,
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "-r",
        OPS_LOCK,
      ],
      (line) => progress.update(line.trim().split(/\s+/).slice(0, 2).join(" ")),
      options,
    );
    writeFileSync(mark(config), "");
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  }
}
