/** Checks of Python and SQL without services, with the tools of their own environments. */

import { AIRFLOW } from "../../airflow/install.ts";
import { DBT } from "../../dbt/install.ts";
import { asEnvironment } from "../../scripts/host/environment.ts";
import type { PythonRuntime } from "../../scripts/host/python.ts";
import type { Config } from "../../scripts/lib/config.ts";
import { SUPERSET } from "../../superset/install.ts";
import { LINT } from "../lint.ts";
import type { Step } from "./step.ts";

const PYTHON_FOLDERS = ["airflow", "dbt", "scripts", "superset"];

export function pythonChecks(config: Config, scratch: string): Step[] {
  const ruff = LINT.program(config, "ruff");
  return [
    {
      name: "style of Python",
      command: [ruff, "check", "--no-cache", ...PYTHON_FOLDERS],
      needs: [LINT],
    },
    {
      name: "format of Python",
      command: [ruff, "format", "--check", "--no-cache", ...PYTHON_FOLDERS],
      needs: [LINT],
    },
    {
      name: "style of SQL",
      needs: [LINT],
      command: [LINT.program(config, "sqlfluff"), "lint", "models", "data-tests"],
      folder: "dbt",
    },
    {
      name: "dbt project",
      needs: [DBT],
      command: [
        ...[DBT.program(config, "dbt"), "--warn-error-options", '{"error":"all"}', "parse"],
        ...["--project-dir", "dbt", "--profiles-dir", "dbt"],
        ...["--target-path", scratch, "--log-path", scratch],
      ],
      // Parsing connects to nothing.
      environment: { ...asEnvironment(config), POSTGRES_TRANSFORM_PASSWORD: "not used" },
    },
    { name: "parts of dbt/run", ...unittest(DBT, "dbt") },
    { name: "DAGs", ...unittest(AIRFLOW, "airflow/tests") },
    { name: "parts of Superset", ...unittest(SUPERSET, "superset/tests") },
  ];

  function unittest(python: PythonRuntime, folder: string): Omit<Step, "name"> {
    return {
      command: [python.program(config, "python"), "-m", "unittest", "discover", "-s", folder],
      environment: { PYTHONDONTWRITEBYTECODE: "1" },
      needs: [python],
    };
  }
}
