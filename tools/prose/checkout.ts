/** Reads the checkout for the check of its prose. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import type { Checkout } from "./references.ts";

/** `files` are the paths of all files, from the root. */
export function openCheckout(root: string, files: readonly string[]): Checkout {
  const known = new Set([".", ...files]);
  for (const file of files) {
    for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) known.add(folder);
  }
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const sources = new Map<string, string | undefined>();
  const sourceOf = (script: string) => {
    const named = /(\S+)\.ts(?:$| )/.exec(scripts[script] ?? "")?.[1];
    const name = named ?? `scripts/${script.replace(":", "-")}`;
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
