/** Checks that need no services: types, style, unused code, and the tests beside the code. */
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { checkoutFiles } from "../checkout-files.ts";
import { bunTest, type Step, script, tool } from "./step.ts";

const bin = (name: string) => [process.execPath, join(ROOT, "node_modules/.bin", name)];

const typesOf = (...project: string[]) => [...bin("tsc"), "--noEmit", ...project];

/** Every folder at the top with tests beside its code. The tests of `tests` need services. */
function foldersWithUnitTests(): string[] {
  const files = checkoutFiles().filter((path) => path.endsWith(".test.ts"));
  const folders = new Set(files.map((path) => path.split("/")[0]!));
  return [...folders].filter((name) => name !== "tests");
}

export const checks: Step[] = [
  { name: "types", command: typesOf() },
  { name: "types of the Worker's tests", command: typesOf("--project", "worker") },
  { name: "types of the Worker's view", command: typesOf("--project", "worker/view") },
  { name: "types of the Worker", command: typesOf("--project", "worker/src") },
  { name: "types of the page", command: typesOf("--project", "worker/browser") },
  { name: "types of the Worker's bindings", command: tool("worker-types.ts", "--check") },
  { name: "deployment of the Worker", command: script("worker-deploy.ts", "--dry-run") },
  { name: "style and import walls", command: [...bin("biome"), "check", "--error-on-warnings"] },
  { name: "prose", command: tool("check-prose.ts") },
  { name: "unused files, exports, packages", command: [...bin("knip"), "--no-progress"] },
  {
    name: "unit and property tests",
    command: bunTest(...foldersWithUnitTests()),
    isTestFile: true,
  },
];
