/**
 * Called first by each `start` with what it runs on: installs that and prints the settings, with
 * their defaults and the places of the programs, as lines for the shell to evaluate. The last ones
 * keep what it runs on from being removed while it runs.
 */

import { join } from "node:path";
import { kafkaJars } from "../../../kafka/install.ts";
import { postgresPrograms } from "../../../postgres/install.ts";
import { asEnvironment } from "../../host/environment.ts";
import {
  javaProgram,
  kafkaArchive,
  kafkaFolder,
  opsPython,
  pythonFolder,
  trinoFolder,
} from "../../host/folders.ts";
import { recordsDatabase } from "../../host/records-database.ts";
import { holdLines, quoted } from "../../host/use.ts";
import { type Config, readConfig } from "../../lib/config.ts";
import { ConfigError } from "../../lib/errors.ts";
import { pastProxies } from "../../lib/loopback.ts";
import { trinoAuthority, trinoUrl } from "../../lib/trino-address.ts";
import { webAddress } from "../../lib/web-address.ts";
import { cacheFolders, install, type Runtime } from "../install/install.ts";

/** Where the programs of each runtime are, under the names that the `start` files use. */
const places: Record<Runtime, (config: Config) => Record<string, string>> = {
  kafka: (config) => ({
    KAFKA_CLASSPATH: kafkaJars()
      .map((jar) => join(kafkaFolder(config), jar.name))
      .join(":"),
    KAFKA_ARCHIVE: kafkaArchive(config),
    JAVA: javaProgram(config),
  }),
  postgres: () => ({ POSTGRES_PROGRAMS: postgresPrograms() }),
  airflow: (config) => ({
    AIRFLOW_PROGRAMS: join(pythonFolder(config, "airflow"), "bin"),
    AIRFLOW_DATABASE: recordsDatabase(config, "airflow"),
    AIRFLOW_ADDRESS: webAddress(config, config.AIRFLOW_PORT),
  }),
  trino: (config) => ({ TRINO_HOME: trinoFolder(config), JAVA: javaProgram(config) }),
  superset: (config) => ({
    SUPERSET_PROGRAMS: join(pythonFolder(config, "superset"), "bin"),
    SUPERSET_DATABASE: recordsDatabase(config, "superset"),
    SUPERSET_TRINO: trinoUrl(config),
    SUPERSET_TRINO_AUTHORITY: trinoAuthority(config) ?? "",
  }),
  dbt: (config) => ({ DBT_PROGRAMS: join(pythonFolder(config, "dbt"), "bin") }),
  lint: (config) => ({ LINT_PROGRAMS: join(pythonFolder(config, "lint"), "bin") }),
};

try {
  const config = readConfig();
  const runtimes = process.argv.slice(2) as Runtime[];
  await install(config, runtimes);
  const variables = Object.assign(
    asEnvironment(config),
    pastProxies(process.env),
    { OPS_PYTHON: opsPython(config) },
    ...runtimes.map((runtime) => places[runtime](config)),
  ) as Record<string, string>;
  for (const [name, value] of Object.entries(variables)) {
    console.log(`export ${name}=${quoted(value)}`);
  }
  for (const line of holdLines(cacheFolders(config, runtimes))) console.log(line);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
