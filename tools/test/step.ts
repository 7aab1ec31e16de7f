/** One proof of `bun run test`: a program that ends with 0 when all is well. */
import { join } from "node:path";
import type { Runtime } from "../../scripts/host/runtime.ts";
import { ROOT } from "../../scripts/lib/config.ts";

/** The default for a test without a limit. A busy machine must not fail a correct test. */
const TEST_MS_MAX = 60_000;

export interface Step {
  name: string;
  command: string[];
  /** Folder of the checkout to run it in, when it is not the checkout itself. */
  folder?: string;
  environment?: Record<string, string>;
  /** A step of `bun test` reports each of its tests; any other counts as one. */
  isTestFile?: boolean;
  /** Its exit status when this machine lacks what it needs: then it neither passed nor failed. */
  notRunStatus?: number;
  /** More than the step needs on a busy machine. @default 20 minutes */
  msMax?: number;
  /** What has to be installed before. @default nothing */
  needs?: readonly Runtime[];
  /** Processors that it keeps busy; others run beside it in what is left. @default 1 */
  cores?: number;
}

/** A script of ours. The environment file of the person who runs the tests must not reach it. */
export const script = (name: string, ...flags: string[]) => program("scripts", name, flags);

/** The same for a developers' tool. */
export const tool = (name: string, ...flags: string[]) => program("tools", name, flags);

const program = (folder: string, name: string, flags: string[]) => [
  process.execPath,
  "--no-env-file",
  join(ROOT, folder, name),
  ...flags,
];

/** A run of `bun test` over files and folders of the checkout. */
export const bunTest = (...paths: string[]): string[] => [
  ...[process.execPath, "--no-env-file", "test", `--timeout=${TEST_MS_MAX}`],
  ...paths.map((path) => `./${path}`),
];
