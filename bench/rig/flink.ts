/**
 * Apache Flink as a process, on the Java that Kafka runs on. Its jars have a lock with checksums,
 * and one of them compiles its main class. Nothing needs an installation by hand.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, parseArtifactLock } from "../../scripts/host/artifact-lock.ts";
import { javaProgram, opsPython } from "../../scripts/host/folders.ts";
import { runShown } from "../../scripts/host/run.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { type Client, startClient } from "./clients.ts";
import type { Stack } from "./stack.ts";

const LOCK = join(ROOT, "bench/flink/libs.lock");
/** Flink needs access to these packages of Java, and its documentation says to open them. */
const OPENED = ["java.base/java.util", "java.base/java.lang", "java.base/java.time"];

export interface Flink {
  version: string;
  start(stack: Stack, topic: string): Client;
}

export async function installFlink(config: Config): Promise<Flink> {
  const lock = readFileSync(LOCK, "utf8");
  const jars = parseArtifactLock(lock);
  const key = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  const folder = join(config.CACHE_DIR, `flink-${key}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await fetchJars(
    config,
    folder,
    jars.filter((jar) => !isWhole(folder, jar)),
  );
  const classes = join(folder, "classes");
  const classPath = [...jars.map(({ name }) => join(folder, name)), classes].join(":");
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
    version: /:flink-clients:(\S+)/.exec(lock)?.[1] ?? "unknown",
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
          JDBC_URL: `jdbc:postgresql://${config.POSTGRES_HOST}:${config.POSTGRES_PORT}/${config.POSTGRES_DB}?reWriteBatchedInserts=true`,
          JDBC_USER: config.POSTGRES_USER,
          JDBC_PASSWORD: config.POSTGRES_PASSWORD ?? "",
        },
      ),
  };
}

function isWhole(folder: string, jar: Artifact): boolean {
  try {
    const content = readFileSync(join(folder, jar.name));
    return createHash("sha256").update(content).digest("hex") === jar.sha256;
  } catch {
    return false;
  }
}

async function fetchJars(config: Config, folder: string, jars: Artifact[]): Promise<void> {
  if (jars.length === 0) return;
  const mirror = config.MAVEN_REPOSITORY_URL;
  await runShown(
    [opsPython(config), join(ROOT, "scripts/host/fetch-artifacts.py"), folder],
    () => {},
    {
      input: jars.map(({ coordinates, sha256 }) => `${coordinates} ${sha256}\n`).join(""),
      environment: mirror ? { MAVEN_REPOSITORY_URL: mirror } : {},
    },
  );
}
