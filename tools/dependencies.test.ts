import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { ROOT } from "../scripts/lib/config.ts";

/** `bun run deps` leaves out what only developers need; `bun run deps:all` brings it. */
const FOR_USERS = /^bun run deps && bun --(?:no-)?env-file\S* ((?:scripts|tools)\/\S+\.ts)/;

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const scripts = Object.entries(manifest.scripts);
const programs = scripts.flatMap(([, command]) => FOR_USERS.exec(command)?.[1] ?? []);
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The packages that a program loads, through all of its own files. */
function packagesOf(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  if (!path.endsWith(".ts")) return [];
  const source = readFileSync(path, "utf8").replace(/^#!.*/, "");
  return transpiler.scanImports(source).flatMap(({ path: name }) => {
    if (name.startsWith(".")) return packagesOf(join(dirname(path), name), seen);
    if (name === "bun" || isBuiltin(name)) return [];
    return [/^(@[^/]+\/)?[^/]+/.exec(name)![0]];
  });
}

test("what users run needs no package that only developers get", () => {
  expect(programs).toContain("scripts/up.ts");
  for (const program of programs) {
    const missing = packagesOf(join(ROOT, program)).filter(
      (name) => !(name in manifest.dependencies),
    );
    expect([program, ...missing]).toEqual([program]);
  }
});

test("every command that is no program for users brings all packages first", () => {
  const others = scripts.filter(
    ([name, command]) => !name.startsWith("deps") && !FOR_USERS.test(command),
  );
  for (const [name, command] of others) {
    // A user's command by another name, such as `dbt:docs`.
    const other = /^bun run (\S+)/.exec(command)?.[1] ?? "";
    expect([name, other === "deps:all" || FOR_USERS.test(Object(manifest.scripts)[other])]).toEqual(
      [name, true],
    );
  }
});

test("a checkout with the developers' packages keeps them", () => {
  const sign = /\[ ! -d node_modules\/(\S+) \]; then options\+=\(--production\)/.exec(
    read("scripts/deps"),
  );
  expect(Object.keys(manifest.devDependencies)).toContain(sign![1]!);
});
