/**
 * The Python environment that brings supervisor, a Java runtime and the Maven client, from hashed
 * requirements. It counts as installed only once its last file, the mark, is there.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../lib/config.ts";
import { makePrivateFolder, OPS_LOCK, opsFolder, opsPython } from "../folders.ts";
import { takeLock } from "./exclusive.ts";
import { Progress } from "./progress.ts";
import { runShown } from "./run.ts";

export const OPS_BYTES = 130_000_000;
const INSTALL_MS_MAX = 900_000;
const VERSION_MIN = [3, 11] as const;
const CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

const mark = (config: Config) => join(opsFolder(config), ".installed");

export const isOpsInstalled = (config: Config) =>
  existsSync(mark(config)) && existsSync(opsPython(config));

export async function installOps(config: Config): Promise<void> {
  if (isOpsInstalled(config)) return;
  const python = findPython();
  if ("missing" in python) {
    throw new Error(`Cannot install supervisor and Java: ${python.missing}; ${python.mend}`);
  }
  makePrivateFolder(config.CACHE_DIR);
  const release = await takeLock(`${opsFolder(config)}.lock`, INSTALL_MS_MAX);
  try {
    if (!isOpsInstalled(config)) await install(config, python.path);
  } finally {
    release();
  }
}

async function install(config: Config, python: string): Promise<void> {
  const folder = opsFolder(config);
  const progress = new Progress("supervisor and Java (about 60 MB to download)");
  try {
    rmSync(folder, { recursive: true, force: true });
    await runShown([python, "-m", "venv", folder], (line) => progress.update(line));
    const pip = [opsPython(config), "-m", "pip", "install", "--require-hashes", "--no-input"];
    await runShown(
      [...pip, "--disable-pip-version-check", "--progress-bar=off", "-r", OPS_LOCK],
      (line) => progress.update(line.trim().split(/\s+/).slice(0, 2).join(" ")),
    );
    writeFileSync(mark(config), "");
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  }
}

export type FoundPython = { path: string; version: string } | { missing: string; mend: string };

/** A Python that is new enough and can make environments, or what is missing and what mends it. */
export function findPython(): FoundPython {
  const versions: string[] = [];
  for (const name of CANDIDATES) {
    const path = Bun.which(name);
    if (!path) continue;
    const asked = Bun.spawnSync([
      path,
      "-c",
      "import sys; print(sys.version.split()[0]); import venv, ensurepip",
    ]);
    const version = asked.stdout.toString().trim();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major !== VERSION_MIN[0] || minor < VERSION_MIN[1]) {
      versions.push(version || name);
      continue;
    }
    if (asked.exitCode === 0) return { path, version };
    return {
      missing: `Python ${version} cannot make environments, its venv module is incomplete`,
      mend: "on Debian run `apt-get install python3-venv`",
    };
  }
  const found = versions.length > 0 ? `, only ${versions.join(", ")}` : "";
  return {
    missing: `there is no Python ${VERSION_MIN.join(".")} or newer${found}`,
    mend: "on Debian run `apt-get install python3 python3-venv`",
  };
}
