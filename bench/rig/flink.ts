/**
 * Apache Flink as a process, on the Java that Kafka runs on. Its jars have a lock with checksums,
 * and one of them compiles its main class. Nothing needs an installation by hand.
 */
import { join } from "node:path";
import { javaProgram } from "../../scripts/host/folders.ts";
import { jarRuntime } from "../../scripts/host/jars.ts";
import { runShown } from "../../scripts/host/run.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { type Client, startClient } from "./clients.ts";
import type { Stack } from "./stack.ts";

const FLINK = jarRuntime({ name: "flink", title: "Flink", lock: "bench/flink/libs.lock" });
/** Flink needs access to these packages of Java, and its documentation says to open them. */
const OPENED = ["java.base/java.util", "java.base/java.lang", "java.base/java.time"];

export interface Flink {
  version: string;
  start(stack: Stack, topic: string): Client;
}

export async function installFlink(config: Config): Promise<Flink> {
  await FLINK.install(config);
  const folder = FLINK.folder(config);
  const jars = FLINK.jars();
  const classes = join(folder, "classes");
  const classPath = `${FLINK.classPath(config)}:${classes}`;
  const client = jars.find(({ name }) => name.startsWith("flink-clients-"));
  const compiler = jars.find(({ name }) => name.startsWith("ecj-"))!;
  const source = join(ROOT, "bench/flink/Job.java");
  await runShown(
    [
      ...[javaProgram(config), "-jar", join(folder, compiler.name), "-source", "17"],
      ...["-target", "17", "-proc:none", "-cp", classPath, "-d", classes, source],
    ],
    () => {},
  );
  return {
    version: client?.coordinates.split(":").at(-1) ?? "unknown",
    start: (stack, topic) =>
      startClient(
        stack,
        [
          ...[javaProgram(config), "-Xmx1g", "-XX:+UseG1GC"],
          ...OPENED.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
          ...["-cp", classPath, "Job", join(ROOT, "bench/flink/job.sql")],
        ],
        {
          KAFKA_TOPIC: topic,
          KAFKA_BROKERS: config.KAFKA_BROKERS.join(","),
          KAFKA_GROUP_ID: `${topic}-flink`,
          JDBC_URL: `jdbc:postgresql://${config.POSTGRES_HOST}:${config.POSTGRES_PORT}/${config.POSTGRES_DB}?reWriteBatchedInserts=true&options=-c%20synchronous_commit=off`,
          JDBC_USER: config.POSTGRES_USER,
          JDBC_PASSWORD: config.POSTGRES_PASSWORD ?? "",
        },
      ),
  };
}
