/** How a Trino node is started. It keeps nothing: everything in STATE_DIR/trino can be deleted. */
import { join } from "node:path";
import { javaProgram } from "../scripts/host/folders.ts";
import { archiveOptions } from "../scripts/host/java-archive.ts";
import type { Launch } from "../scripts/host/service.ts";
import { bunCommand, migrate } from "../scripts/host/start.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { TRINO } from "./install.ts";
import { nodeFolder, prepareNode } from "./prepare.ts";
import type { TrinoRole } from "./probe.ts";

export async function launchCoordinator(config: Config): Promise<Launch> {
  await prepareNode(config, "coordinator");
  // Only a machine with the owner's password can bring the coordinator's role and tables up to
  // date.
  if (config.POSTGRES_PASSWORD) migrate(config);
  return launchNode(config, "coordinator");
}

/** A worker must finish its work before it ends, so it gets a parent that asks it to. */
export async function launchWorker(config: Config): Promise<Launch> {
  await prepareNode(config, "worker");
  const { command, folder } = launchNode(config, "worker");
  return {
    command: [...bunCommand(join(ROOT, "trino/draining-parent.ts")), ...command],
    folder: folder!,
  };
}

/** With `archiveOutput`, the node writes an archive of its loaded classes when it ends. */
export function launchNode(config: Config, role: TrinoRole, archiveOutput?: string): Launch {
  const command = [
    ...[javaProgram(config), "-server", `-Xmx${config.TRINO_HEAP_MB}m`, "-XX:+UseG1GC"],
    ...["-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=128M"],
    ...["-XX:PerMethodRecompilationCutoff=10000", "-XX:PerBytecodeRecompilationCutoff=10000"],
    ...["-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8"],
    ...["-XX:+EnableDynamicAgentLoading", "--sun-misc-unsafe-memory-access=allow"],
    ...["--enable-native-access=ALL-UNNAMED", "-Duser.timezone=UTC"],
    ...archiveOptions(config, TRINO.folder(config), archiveOutput),
    ...[
      "-Dconfig=etc/config.properties",
      `-Dlog.levels-file=${join(ROOT, "trino/log.properties")}`,
    ],
    ...["-cp", join(TRINO.folder(config), "lib/*"), "io.trino.server.TrinoServer"],
  ];
  return { command, folder: nodeFolder(config, role) };
}
