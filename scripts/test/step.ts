/** One proof of `bun run test`: a program that ends with 0 when all is well. */
import { join } from "node:path";
import { type Config, ROOT } from "../lib/config.ts";
import { type PythonEnvironment, pythonFolder } from "../stack/folders.ts";

export interface Step {
  name: string;
  command: string[];
  /** Folder of the checkout to run it in, when it is not the checkout itself. */
  folder?: string;
  environment?: Record<string, string>;
  /** A step of `bun test` reports each of its tests; any other counts as one. */
  isTestFile?: boolean;
}

/** A script of ours; the environment file of the person who runs this must not reach it. */
export const script = (name: string, ...flags: string[]) => [
  process.execPath,
  "--no-env-file",
  join(ROOT, "scripts", name),
  ...flags,
];

/** A program of one of the Python environments. */
export const pythonProgram = (config: Config, environment: PythonEnvironment, name: string) =>
  join(pythonFolder(config, environment), "bin", name);
