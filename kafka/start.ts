/**
 * How Kafka is started. Its data is in STATE_DIR/kafka and is created whole or not at all. After a
 * kill, the broker recovers its log.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { javaProgram } from "../scripts/host/folders.ts";
import { archiveOptions } from "../scripts/host/java-archive.ts";
import type { Launch } from "../scripts/host/service.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { KAFKA } from "./install.ts";

const LOGGING = `-Dlog4j2.configurationFile=${join(ROOT, "kafka/log4j2.xml")}`;

/** With `archiveOutput`, the broker writes an archive of its loaded classes when it ends. */
export function launchKafka(config: Config, archiveOutput?: string): Launch {
  const folder = dataFolder(config, "kafka");
  mkdirSync(folder, { recursive: true });
  const properties = readFileSync(join(ROOT, "kafka/server.properties"), "utf8").replace(
    /@([A-Z_]+)@/g,
    (_, name) => String(config[name as keyof Config]),
  );
  writeFileSync(join(folder, "server.properties"), properties);
  if (!existsSync(join(folder, "data"))) format(config, folder, properties);
  const command = [
    ...[javaProgram(config), "-Xms64m", `-Xmx${config.KAFKA_HEAP_MB}m`, "-XX:+UseSerialGC"],
    "-XX:+ExitOnOutOfMemoryError",
    ...archiveOptions(config, KAFKA.folder(config), archiveOutput),
    // Java's own warnings here are about things that only Kafka and Java can change.
    ...["-Xlog:disable", "-Xlog:all=error:stderr", "--sun-misc-unsafe-memory-access=allow"],
    ...[LOGGING, "-cp", KAFKA.classPath(config), "kafka.Kafka", "server.properties"],
  ];
  return { command, folder };
}

function format(config: Config, folder: string, properties: string): void {
  rmSync(join(folder, "new"), { recursive: true, force: true });
  const path = join(folder, "format.properties");
  writeFileSync(path, properties.replace(/^log\.dirs=.*/m, "log.dirs=new"));
  const cluster = randomBytes(16).toString("base64url");
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [
      ...[javaProgram(config), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", LOGGING],
      ...["-cp", KAFKA.classPath(config), "kafka.tools.StorageTool", "format"],
      // One id in 64 begins with a dash, so the id is part of the option's word.
      ...[`--cluster-id=${cluster}`, "-c", path],
    ],
    { cwd: folder, stdout: "pipe", stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(`Cannot make Kafka's data: ${stdout}${stderr}`);
  renameSync(join(folder, "new"), join(folder, "data"));
  rmSync(path);
}
