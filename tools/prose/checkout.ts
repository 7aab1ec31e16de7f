/** Reads the checkout for the check of its prose. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import type { Checkout } from "./references.ts";

/** Paths of the files that git knows or would add. */
export function filesOf(root: string): string[] {
  const git = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root },
  );
  if (!git.success) throw new Error(`Cannot list the files of the checkout: ${git.stderr}`);
  const paths = new Set(git.stdout.toString().split("\0"));
  return [...paths].filter((path) => isFile(join(root, path))).sort();
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

export function openCheckout(root: string, files: readonly string[]): Checkout {
  const known = new Set(files);
  for (const file of files) {
    for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) known.add(folder);
  }
  known.add(".");
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const sources = new Map<string, string | undefined>();
  const sourceOf = (script: string) => {
    const name =
      /(\S+)\.ts(?:$| )/.exec(scripts[script] ?? "")?.[1] ?? `scripts/${script.replace(":", "-")}`;
    const own = `${name}.ts`;
    if (!known.has(own)) return undefined;
    const folder = known.has(name) ? readdirSync(join(root, name)) : [];
    const others = folder.filter((file) => file.endsWith(".ts")).map((file) => `${name}/${file}`);
    return [own, ...others].map(read).join("\n");
  };
  return {
    has: (path) => known.has(path),
    read,
    scripts: new Set(Object.keys(scripts)),
    sourceOf(script) {
      if (!sources.has(script)) sources.set(script, sourceOf(script));
      return sources.get(script);
    },
  };
}
