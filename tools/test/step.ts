/** One proof of `bun run test`: a program that ends with 0 when all is well. */
import { join } from "node:path";
import { type PythonEnvironment, pythonFolder } from "../../scripts/host/folders.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";

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

/** The same for a tool of those who work on the project. */
export const tool = (name: string, ...flags: string[]) => [
  process.execPath,
  "--no-env-file",
  join(ROOT, "tools", name),
  ...flags,
];

/** A program of one of the Python environments. */
export const pythonProgram = (config: Config, environment: PythonEnvironment, name: string) =>
  join(pythonFolder(config, environment), "bin", name);
