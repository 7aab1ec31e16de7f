/** The Python environment of the linters. */
import { pythonRuntime } from "../scripts/host/python.ts";

export const LINT = pythonRuntime({
  name: "lint",
  title: "the linters",
  lock: "tools/lint.lock",
  bytes: 180_000_000,
});
