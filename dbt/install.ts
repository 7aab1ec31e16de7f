/** The Python environment of dbt. */
import { pythonRuntime } from "../scripts/host/python.ts";

export const DBT = pythonRuntime({
  name: "dbt",
  title: "dbt",
  lock: "dbt/requirements.lock",
  bytes: 150_000_000,
});
