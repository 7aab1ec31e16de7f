/** The artefacts that a person names: those of each pom.xml, whose lock follows it, and Trino's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { opsPython } from "../../scripts/host/folders.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { ask } from "./ask.ts";
import { type Pin, withNewest } from "./pin.ts";
import { newestOf } from "./version.ts";

const TRINO_LOCK = "trino/server.lock";

const DEPENDENCY =
  /<dependency>\s*<groupId>([^<]+)<\/groupId>\s*<artifactId>([^<]+)<\/artifactId>\s*<version>([^<]+)</g;

export function mavenPins(config: Config): Promise<Pin[]> {
  const pins = [...new Glob("{kafka,bench}/**/pom.xml").scanSync(ROOT)]
    .sort()
    .flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(DEPENDENCY)].map(
        ([, group, artifact, pinned]) => pinOf(`${group}:${artifact}`, pinned!, file),
      ),
    );
  const [group, artifact, , version] = readFileSync(join(ROOT, TRINO_LOCK), "utf8").split(/[: ]/);
  return withNewest([...pins, pinOf(`${group}:${artifact}`, version!, TRINO_LOCK)], (names) =>
    newestOnMaven(config, names),
  );
}

const pinOf = (name: string, pinned: string, file: string): Pin => ({
  kind: "Maven",
  name,
  pinned,
  file,
});

async function newestOnMaven(config: Config, names: string[]): Promise<Map<string, string>> {
  const found = await ask(
    "the Maven repository",
    [opsPython(config), join(ROOT, "tools/outdated/maven-versions.py")],
    {
      input: names.join("\n"),
      environment: config.MAVEN_REPOSITORY_URL
        ? { MAVEN_REPOSITORY_URL: config.MAVEN_REPOSITORY_URL }
        : {},
    },
  );
  return new Map(
    found
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
      .map(([name, ...versions]) => [name!, newestOf(versions) ?? ""]),
  );
}
