/**
 * Called first by each `start`: installs what the service runs on and prints the settings, with
 * their defaults and the places of the programs, as lines for the shell to evaluate.
 */
import { join } from "node:path";
import { ConfigError, readConfig } from "../lib/config.ts";
import { asEnvironment } from "./environment.ts";
import { javaProgram, kafkaArchive, kafkaFolder, opsPython } from "./folders.ts";
import { kafkaJars } from "./install/kafka.ts";
import { postgresPrograms } from "./install/postgres.ts";
import { install } from "./install.ts";
import { serviceNamed } from "./order.ts";
import { services } from "./services.ts";

try {
  const config = readConfig();
  const service = serviceNamed(services, process.argv[2] ?? "");
  await install(config, [service]);
  const places: Record<string, string> = { OPS_PYTHON: opsPython(config) };
  if (service.runtimes.includes("kafka")) {
    places.KAFKA_CLASSPATH = kafkaJars()
      .map((jar) => join(kafkaFolder(config), jar.name))
      .join(":");
    places.JAVA = javaProgram(config);
    places.KAFKA_ARCHIVE = kafkaArchive(config);
  }
  if (service.runtimes.includes("postgres")) places.POSTGRES_PROGRAMS = postgresPrograms();
  for (const [name, value] of Object.entries({ ...asEnvironment(config), ...places })) {
    console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
