/**
 * The services of the platform, one entry each: what it needs, the ports it takes, how to tell that
 * it works. `up`, `status`, `logs` and `down` know nothing else; a new service is a new entry here,
 * a folder with a `start`, and a section of supervisord.conf, or a group of them.
 */

import { airflowFault, answersAirflow } from "../../airflow/probe.ts";
import { answersSuperset } from "../../superset/probe.ts";
import { answersTrino, answersTrinoWorker } from "../../trino/probe.ts";
import type { ProcessInfo } from "../host/process-info.ts";
import { runsProgram } from "../host/process-tree.ts";
import { answersKafka } from "../kafka/probe.ts";
import type { Config } from "../lib/config.ts";
import { answersPostgres } from "../lib/postgres.ts";
import { answersHealthCheck } from "../lib/probe.ts";
import { localUrl } from "../lib/trino-address.ts";
import { webAddress } from "../lib/web-address.ts";
import type { Runtime } from "./install/install.ts";

/** Settings whose value is a port. */
type PortSetting = Extract<keyof Config, `${string}_PORT`>;

export interface Service {
  /** Also that of the program, or of the group of programs, in supervisord.conf. */
  name: string;
  /** The programs of a group, each before those that call it; left out when it is one program. */
  programs?: string[];
  /** A slow one starts when all others are ready, so that it takes no processor from their start. */
  isSlow?: boolean;
  /** One that is not part of the whole: it starts only when it is named. */
  isOptional?: boolean;
  /** Services that must work before this one can. */
  needs: string[];
  /** Settings of the ports it listens on. */
  ports: PortSetting[];
  /** What `up` has to install for it. */
  runtimes: Runtime[];
  /** Where people and programs reach it; nothing for one that only calls others. */
  address(config: Config): string | undefined;
  /** How people log in there: a name, and the setting that holds the password. */
  login?: { user: string; setting: keyof Config };
  /** Throws, with the reason, while the service does not do its work. */
  probe(config: Config, processes: ProcessInfo[]): Promise<void>;
  /** What has gone wrong inside although it works, when there is such a thing. */
  fault?(config: Config): Promise<string | undefined>;
  /** How long a start may take on a slow machine before it counts as failed. */
  readyMsMax: number;
}

export const services: Service[] = [
  {
    name: "kafka",
    needs: [],
    ports: ["KAFKA_PORT", "KAFKA_CONTROLLER_PORT"],
    runtimes: ["kafka"],
    address: (config) => `127.0.0.1:${config.KAFKA_PORT}`,
    probe: answersKafka,
    readyMsMax: 120_000,
  },
  {
    name: "postgres",
    needs: [],
    ports: ["POSTGRES_PORT"],
    runtimes: ["postgres"],
    address: (config) => `postgresql://127.0.0.1:${config.POSTGRES_PORT}/${config.POSTGRES_DB}`,
    probe: answersPostgres,
    readyMsMax: 120_000,
  },
  {
    name: "consumer",
    needs: ["kafka", "postgres"],
    ports: ["CONSUMER_METRICS_PORT"],
    runtimes: [],
    address: (config) => `http://127.0.0.1:${config.CONSUMER_METRICS_PORT}/metrics`,
    probe: (config) => answersHealthCheck(config.CONSUMER_METRICS_PORT),
    readyMsMax: 90_000,
  },
  {
    name: "producer",
    needs: ["kafka"],
    ports: [],
    runtimes: [],
    address: () => undefined,
    probe: (_config, [producer]) => runsProgram(producer!.processId, "scripts/produce.ts"),
    readyMsMax: 90_000,
  },
  {
    name: "summary",
    needs: ["postgres"],
    ports: ["SUMMARY_PORT"],
    runtimes: [],
    address: (config) => `http://127.0.0.1:${config.SUMMARY_PORT}/summary`,
    probe: (config) => answersHealthCheck(config.SUMMARY_PORT),
    readyMsMax: 90_000,
  },
  {
    name: "worker",
    needs: ["summary"],
    ports: ["WORKER_PORT"],
    runtimes: [],
    address: (config) => webAddress(config, config.WORKER_PORT),
    probe: (config) => answersHealthCheck(config.WORKER_PORT),
    readyMsMax: 90_000,
  },
  {
    name: "airflow",
    programs: ["airflow-api-server", "airflow-scheduler", "airflow-dag-processor"],
    isSlow: true,
    needs: ["postgres"],
    ports: ["AIRFLOW_PORT"],
    runtimes: ["airflow", "dbt"],
    address: (config) => webAddress(config, config.AIRFLOW_PORT),
    login: { user: "admin", setting: "AIRFLOW_ADMIN_PASSWORD" },
    probe: answersAirflow,
    fault: airflowFault,
    readyMsMax: 600_000,
  },
  {
    name: "trino",
    isSlow: true,
    needs: ["kafka", "postgres"],
    ports: ["TRINO_PORT"],
    runtimes: ["trino"],
    address: (config) => webAddress(config, config.TRINO_PORT, localUrl(config, config.TRINO_PORT)),
    probe: answersTrino,
    readyMsMax: 300_000,
  },
  {
    name: "trino-worker",
    isOptional: true,
    isSlow: true,
    needs: ["trino"],
    ports: ["TRINO_WORKER_PORT"],
    runtimes: ["trino"],
    address: (config) => localUrl(config, config.TRINO_WORKER_PORT),
    probe: answersTrinoWorker,
    readyMsMax: 300_000,
  },
  {
    name: "superset",
    isSlow: true,
    needs: ["postgres", "trino"],
    ports: ["SUPERSET_PORT"],
    runtimes: ["superset"],
    address: (config) => webAddress(config, config.SUPERSET_PORT),
    login: { user: "admin", setting: "SUPERSET_ADMIN_PASSWORD" },
    probe: answersSuperset,
    readyMsMax: 600_000,
  },
];

/** Names of the programs that a service consists of. */
export const programsOf = ({ name, programs }: Service) => programs ?? [name];

/** Settings of the ports that clients come to: the first of each service that starts by itself. */
export const clientPorts = services.flatMap(({ isOptional, ports: [first] }) =>
  first && !isOptional ? [first] : [],
);
