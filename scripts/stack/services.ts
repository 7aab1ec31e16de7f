/**
 * The services of the platform, one entry each: what it needs, the ports it takes, how to tell that
 * it works. `up`, `status`, `logs` and `down` know nothing else; a new service is a new entry here,
 * a folder with a `start`, and a section of supervisord.conf.
 */
import type { Config } from "../lib/config.ts";
import type { Runtime } from "./install.ts";
import { answersHealthCheck, answersKafka, answersPostgres, runsProgram } from "./probe.ts";

/** Settings whose value is a port. */
type PortSetting = Extract<keyof Config, `${string}_PORT`>;

export interface Service {
  name: string;
  /** Services that must work before this one can. */
  needs: string[];
  /** Settings of the ports it listens on. */
  ports: PortSetting[];
  /** What `up` has to install for it. */
  runtimes: Runtime[];
  /** Where people and programs reach it; nothing for one that only calls others. */
  address(config: Config): string | undefined;
  /** Throws, with the reason, while the service does not do its work. */
  probe(config: Config, processId: number): Promise<void>;
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
    probe: (_config, processId) => runsProgram(processId, "scripts/produce.ts"),
    readyMsMax: 90_000,
  },
];
