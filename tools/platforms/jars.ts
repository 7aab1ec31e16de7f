/** Which jars of Kafka and Trino carry native code for other machines and none for this one. */
import { join } from "node:path";
import { kafkaFolder, opsPython, trinoFolder } from "../../scripts/host/folders.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { type Platform, platforms } from "./platform.ts";

/** Each native library as `jar entry`. */
export function nativeLibraries(config: Config): string[] {
  const { stdout, stderr, exitCode } = Bun.spawnSync([
    ...[opsPython(config), join(ROOT, "tools/platforms/jars.py")],
    ...[kafkaFolder(config), trinoFolder(config)],
  ]);
  if (exitCode !== 0) throw new Error(`Cannot read the jars: ${stderr}`);
  return stdout.toString().trim().split("\n");
}

/** Jars that have a folder for any of the machines, but not for this one. Pure. */
export function missingLibraries(libraries: string[], { jarFolder }: Platform): string[] {
  const jarsWith = (folder: RegExp) =>
    libraries.filter((line) => folder.test(line)).map((line) => line.split(" ")[0]!);
  const all = new Set(platforms.flatMap((platform) => jarsWith(platform.jarFolder)));
  return [...all.difference(new Set(jarsWith(jarFolder)))];
}
