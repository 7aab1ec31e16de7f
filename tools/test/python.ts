/** What needs no services, for Python and SQL, with the tools of their own environments. */

import { asEnvironment } from "../../scripts/host/environment.ts";
import type { PythonEnvironment } from "../../scripts/host/folders.ts";
import type { Config } from "../../scripts/lib/config.ts";
import { pythonProgram, type Step } from "./step.ts";

const PYTHON_FOLDERS = ["airflow", "dbt", "scripts", "superset"];

export function pythonChecks(config: Config, scratch: string): Step[] {
  const program = (environment: PythonEnvironment, name: string) =>
    pythonProgram(config, environment, name);
  const ruff = program("lint", "ruff");
  return [
    {
      name: "style of Python",
      command: [ruff, "check", "--no-cache", ...PYTHON_FOLDERS],
      needs: ["lint"],
    },
    {
      name: "format of Python",
      command: [ruff, "format", "--check", "--no-cache", ...PYTHON_FOLDERS],
      needs: ["lint"],
    },
    {
      name: "style of SQL",
      needs: ["lint"],
      command: [program("lint", "sqlfluff"), "lint", "models", "data-tests"],
      folder: "dbt",
    },
    {
      name: "dbt project",
      needs: ["dbt"],
      command: [
        ...[program("dbt", "dbt"), "--warn-error-options", '{"error":"all"}', "parse"],
        ...["--project-dir", "dbt", "--profiles-dir", "dbt"],
        ...["--target-path", scratch, "--log-path", scratch],
      ],
      // Parsing connects to nothing.
      environment: { ...asEnvironment(config), POSTGRES_TRANSFORM_PASSWORD: "not used" },
    },
    { name: "parts of dbt/run", ...unittest("dbt", "dbt") },
    { name: "DAGs", ...unittest("airflow", "airflow/tests") },
    { name: "parts of Superset", ...unittest("superset", "superset/tests") },
  ];

  function unittest(environment: PythonEnvironment, folder: string): Omit<Step, "name"> {
    return {
      command: [program(environment, "python"), "-m", "unittest", "discover", "-s", folder],
      environment: { PYTHONDONTWRITEBYTECODE: "1" },
      needs: [environment],
    };
  }
}
