/**
 * The Python environments, each from the hashed requirements of its lock: one for each program, since
 * their pins exclude each other. An environment counts as installed once its last file, the mark, is
 * there.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, ROOT } from "../lib/config.ts";
import { pythonFor } from "./find-python.ts";
import { cacheFolder, opsPython } from "./folders.ts";
import { installOnce } from "./install-once.ts";
import { OPS } from "./ops.ts";
import { hasOwnPython } from "./own-python.ts";
import type { Progress } from "./progress.ts";
import { runShown } from "./run.ts";
import type { InstallOptions, Runtime } from "./runtime.ts";

interface Requirements {
  name: string;
  title: string;
  /** Path of the lock in the checkout. */
  lock: string;
  /** Size on the disk, measured. */
  bytes: number;
}

export interface PythonRuntime extends Runtime {
  /** Absolute path of the lock. */
  lock: string;
  folder(config: Config): string;
  /** Path of one of its programs. */
  program(config: Config, name: string): string;
}

export function pythonRuntime({ name, title, lock, bytes }: Requirements): PythonRuntime {
  const path = join(ROOT, lock);
  const folder = (config: Config) => cacheFolder(config, name, readFileSync(path));
  const isInstalled = (config: Config) =>
    existsSync(join(folder(config), MARK)) && hasOwnPython(folder(config));
  return {
    name,
    title,
    lock: path,
    folder,
    program: (config, program) => join(folder(config), "bin", program),
    missingBytes: (config) => (isInstalled(config) ? 0 : bytes),
    async install(config, options = {}) {
      if (isInstalled(config)) return;
      await OPS.install(config, options);
      const python = pythonFor(title);
      await installOnce(
        {
          title,
          folder: folder(config),
          isInstalled: () => isInstalled(config),
          amount: () => `${packageCount(path)} packages`,
          make: (progress) =>
            make(config, { folder: folder(config), lock: path, python }, progress, options),
        },
        options,
      );
    },
  };
}

const packageCount = (lock: string) =>
  readFileSync(lock, "utf8").match(/^[\w.-]+==/gm)?.length ?? 0;

const MARK = ".installed";

interface Environment {
  folder: string;
  lock: string;
  /** Path of the Python that it is made with. */
  python: string;
}

async function make(
  config: Config,
  { folder, lock, python }: Environment,
  progress: Progress,
  options: InstallOptions,
): Promise<void> {
  const uv = [opsPython(config), "-m", "uv", "--no-progress", "--no-python-downloads"];
  progress.step("environment");
  rmSync(folder, { recursive: true, force: true });
  await runShown([...uv, "venv", "--python", python, folder], () => {}, options);
  progress.step("packages");
  // Without dependencies: the lock names them all, but for one of dbt's that is left out on purpose.
  await runShown(
    [
      ...[...uv, "pip", "install", "--python", join(folder, "bin/python"), "--compile-bytecode"],
      ...["--no-deps", "--require-hashes", "--requirements", lock],
    ],
    () => {},
    { environment: packageIndex(config), signal: options.signal },
  );
  writeFileSync(join(folder, MARK), "");
}

/** uv uses the package index that is set for pip. */
export function packageIndex(config: Config): Record<string, string> {
  const index = process.env.PIP_INDEX_URL;
  return {
    UV_CACHE_DIR: join(config.CACHE_DIR, "uv"),
    ...(index && !process.env.UV_DEFAULT_INDEX && { UV_DEFAULT_INDEX: index }),
  };
}
