/** Called by dbt/run: installs dbt, and becomes it with the settings in the environment. */
import { join } from "node:path";
import { startOrExit, startProgram } from "../scripts/host/start.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { DBT } from "./install.ts";

const TRANSFORM = join(ROOT, "dbt/transform.py");

await startOrExit(() =>
  startProgram(
    {
      launch: (config) => ({
        command: [DBT.program(config, "python"), TRANSFORM, ...process.argv.slice(2)],
        environment: { DBT_PROGRAMS: join(DBT.folder(config), "bin") },
      }),
      secrets: ["POSTGRES_TRANSFORM_PASSWORD", "OPENLINEAGE_API_KEY"],
    },
    [DBT],
  ),
);
