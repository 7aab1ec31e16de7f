/** The Python environment of Airflow. */
import { pythonRuntime } from "../scripts/host/python.ts";

export const AIRFLOW = pythonRuntime({
  name: "airflow",
  title: "Airflow",
  lock: "airflow/requirements.lock",
  bytes: 250_000_000,
});
