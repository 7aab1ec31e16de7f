/** The Python environment of Superset. */
import { pythonRuntime } from "../scripts/host/python.ts";

export const SUPERSET = pythonRuntime({
  name: "superset",
  title: "Superset",
  lock: "superset/requirements.lock",
  bytes: 830_000_000,
});
