/** Airflow, which runs dbt. */
import { randomBytes } from "node:crypto";
import { DBT } from "../dbt/install.ts";
import { password } from "../scripts/host/environment.ts";
import { ageSeconds, span } from "../scripts/host/facts.ts";
import type { Program, Service } from "../scripts/host/service.ts";
import type { Config } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { webAddress } from "../scripts/lib/web-address.ts";
import { AIRFLOW } from "./install.ts";
import { airflowFault, answersAirflow } from "./probe.ts";
import { launchAirflow } from "./start.ts";

/** Tasks run under the scheduler: dbt, and the cleaning of records. */
const TASK_SECRETS = ["POSTGRES_TRANSFORM_PASSWORD", "OPENLINEAGE_API_KEY"] as const;

const programs: Program[] = [
  {
    name: "airflow-api-server",
    launch: (config) => launchAirflow(config, "api-server"),
    secrets: ["ALERT_WEBHOOK_URL"],
    memory: { megabytesMax: 640 },
  },
  {
    name: "airflow-scheduler",
    launch: (config) => launchAirflow(config, "scheduler"),
    secrets: ["ALERT_WEBHOOK_URL", ...TASK_SECRETS],
    memory: { megabytesMax: 896, growsWith: "AIRFLOW_PARALLEL_TASKS" },
  },
  {
    name: "airflow-dag-processor",
    launch: (config) => launchAirflow(config, "dag-processor"),
    secrets: ["ALERT_WEBHOOK_URL"],
    memory: { megabytesMax: 384 },
  },
];

export const airflow: Service = {
  name: "airflow",
  title: "runs dbt on a schedule",
  folder: "airflow",
  readAgain: ["dags"],
  isSlow: true,
  needs: ["postgres"],
  ports: ["AIRFLOW_PORT"],
  programs,
  runtimes: [AIRFLOW, DBT],
  secrets: {
    AIRFLOW_ADMIN_PASSWORD: password,
    AIRFLOW_POSTGRES_PASSWORD: password,
    AIRFLOW_SECRET_KEY: password,
    AIRFLOW_JWT_SECRET: () => randomBytes(48).toString("base64url"),
    // Fernet needs the padding that base64url leaves out.
    AIRFLOW_FERNET_KEY: () => `${randomBytes(32).toString("base64url")}=`,
  },
  address: (config) => webAddress(config, config.AIRFLOW_PORT),
  login: { user: "admin", setting: "AIRFLOW_ADMIN_PASSWORD" },
  probe: answersAirflow,
  fault: airflowFault,
  facts: dbtAge,
  readyMsMax: 600_000,
};

async function dbtAge(config: Config): Promise<string | undefined> {
  const sql = connect(config, "read", { applicationName: "status" });
  try {
    const [row] = await sql<{ at: Date | null }[]>`
      select last_settle_finished_at as at from transform.health`;
    return row?.at ? `last ${span(ageSeconds(row.at))} ago` : "not yet";
  } finally {
    await sql.end({ timeout: 1 });
  }
}
