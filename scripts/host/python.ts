/**
 * The Python environments of Airflow, dbt, Superset and the linters, each from the hashed requirements of
 * its lock. One counts as installed only once its last file, the mark, is there.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../lib/config.ts";
import { findPython } from "./find-python.ts";
import { opsPython, type PythonEnvironment, pythonFolder, pythonLock } from "./folders.ts";
import { takeLock } from "./lock.ts";
import { installOps } from "./ops.ts";
import type { InstallOptions } from "./options.ts";
import { hasOwnPython } from "./own-python.ts";
import { Progress } from "./progress.ts";
import { runShown } from "./run.ts";

/** What each environment is called and what it takes on the disk, measured. */
const ENVIRONMENTS: Record<PythonEnvironment, { title: string; bytes: number }> = {
  airflow: { title: "Airflow", bytes: 250_000_000 },
  dbt: { title: "dbt", bytes: 150_000_000 },
  superset: { title: "Superset", bytes: 830_000_000 },
  lint: { title: "the linters", bytes: 180_000_000 },
};
const INSTALL_MS_MAX = 900_000;

export const pythonTitle = (name: PythonEnvironment) => ENVIRONMENTS[name].title;

const mark = (config: Config, name: PythonEnvironment) =>
  join(pythonFolder(config, name), ".installed");

export const isPythonInstalled = (config: Config, name: PythonEnvironment) =>
  existsSync(mark(config, name)) && hasOwnPython(pythonFolder(config, name));

/** Room that an environment needs and does not have yet, in bytes. */
export const missingPythonBytes = (config: Config, name: PythonEnvironment) =>
  isPythonInstalled(config, name) ? 0 : ENVIRONMENTS[name].bytes;

export async function installPython(
  config: Config,
  name: PythonEnvironment,
  options: InstallOptions = {},
): Promise<void> {
  if (isPythonInstalled(config, name)) return;
  await installOps(config, options);
  const release = await takeLock(`${pythonFolder(config, name)}.lock`, INSTALL_MS_MAX, {
    signal: options.signal,
    holderDoes: `installs ${ENVIRONMENTS[name].title}`,
  });
  try {
    if (!isPythonInstalled(config, name)) await install(config, name, options);
  } finally {
    release();
  }
}

async function install(
  config: Config,
  name: PythonEnvironment,
  options: InstallOptions,
): Promise<void> {
  const python = findPython();
  const { title } = ENVIRONMENTS[name];
  if ("missing" in python) {
    throw new Error(`Cannot install ${title}: ${python.missing}; ${python.mend}`);
  }
  const folder = pythonFolder(config, name);
  const packages = readFileSync(pythonLock(name), "utf8").match(/^[\w.-]+==/gm)?.length ?? 0;
  const progress = new Progress(title, `${packages} packages`, options);
  const uv = [opsPython(config), "-m", "uv", "--no-progress", "--no-python-downloads"];
  try {
    progress.step("environment");
    rmSync(folder, { recursive: true, force: true });
    await runShown([...uv, "venv", "--python", python.path, folder], () => {}, options);
    progress.step("packages");
    // Without dependencies: the lock names them all, but for one of dbt's that is left out on purpose.
    await runShown(
      [
        ...[...uv, "pip", "install", "--python", join(folder, "bin/python"), "--compile-bytecode"],
        ...["--no-deps", "--require-hashes", "--requirements", pythonLock(name)],
      ],
      () => {},
      { environment: packageIndex(config), signal: options.signal },
    );
    writeFileSync(mark(config, name), "");
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  }
}

/** Whoever has told pip of an index of their own means it for uv, too. */
export function packageIndex(config: Config): Record<string, string> {
  const index = process.env.PIP_INDEX_URL;
  return {
    UV_CACHE_DIR: join(config.CACHE_DIR, "uv"),
    ...(index && !process.env.UV_DEFAULT_INDEX && { UV_DEFAULT_INDEX: index }),
  };
}
