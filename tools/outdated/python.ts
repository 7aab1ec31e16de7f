/** What the locks of the Python environments were asked for, Java among it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { opsPython } from "../../scripts/host/folders.ts";
import { packageIndex } from "../../scripts/host/python.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { ask } from "./ask.ts";
import { type Pin, withNewest } from "./pin.ts";
import { lockedVersions, parseRequirements } from "./requirements.ts";

export function pythonPins(config: Config): Promise<Pin[]> {
  const pins = [...new Glob("{airflow,dbt,superset,scripts,tests}/**/*.in").scanSync(ROOT)]
    .sort()
    .flatMap(pinsOf);
  return withNewest(pins, (names) => newestOnIndex(config, names));
}

function pinsOf(file: string): Pin[] {
  const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
  const override = file.replace(/\.in$/, ".override");
  const locked = lockedVersions(read(file.replace(/\.in$/, ".lock")));
  const pins = (path: string, isOverride = false) =>
    parseRequirements(read(path), isOverride).map(({ name, pinned, held }) => ({
      kind: "Python",
      name,
      pinned: pinned ?? locked.get(name) ?? "none",
      file: path,
      held,
    }));
  return [...pins(file), ...(existsSync(join(ROOT, override)) ? pins(override, true) : [])];
}

/** uv finds what pip would install: no pre-release, nothing withdrawn, from the index of the user. */
async function newestOnIndex(config: Config, names: string[]): Promise<Map<string, string>> {
  const uv = [opsPython(config), "-m", "uv", "--no-progress", "--no-python-downloads"];
  const found = await ask(
    "the Python index",
    [
      ...[...uv, "pip", "compile", "-", "--no-deps", "--quiet", "--upgrade"],
      ...["--python-version", "3.11", "--no-header", "--no-annotate"],
    ],
    { input: names.join("\n"), environment: { UV_HTTP_TIMEOUT: "10", ...packageIndex(config) } },
  );
  return lockedVersions(found);
}
