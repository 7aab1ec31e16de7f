/** The jars of Kafka, and its archive of loaded classes beside them. */
import { rmSync } from "node:fs";
import { type JarRuntime, jarRuntime } from "../scripts/host/jars.ts";
import { agingArchive, javaArchive } from "../scripts/host/java-archive.ts";

const jars = jarRuntime({
  name: "kafka",
  title: "Kafka",
  lock: "kafka/libs.lock",
  // Java refuses an archive made with other files, even when their content is the same.
  onFetched: (config) => rmSync(javaArchive(jars.folder(config)), { force: true }),
});

export const KAFKA: JarRuntime = { ...jars, agingFiles: agingArchive(jars.folder) };
