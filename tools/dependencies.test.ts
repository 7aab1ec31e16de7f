import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import manifest from "../package.json" with { type: "json" };
import { ROOT } from "../scripts/lib/config.ts";

/** `scripts/run` installs only what users need; `tools/run` also what developers need. */
const FOR_USERS = /^scripts\/run (\S+)/;
const FOR_DEVELOPERS = /^tools\/run /;

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const scripts = Object.entries(manifest.scripts);
const programs = scripts.flatMap(([, command]) => {
  const name = FOR_USERS.exec(command)?.[1];
  return name ? [`scripts/${name.replaceAll(":", "-")}.ts`] : [];
});
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

test("every command that is not for users installs all packages first", () => {
  const others = scripts.filter(([, command]) => !FOR_USERS.test(command));
  for (const [name, command] of others) {
    expect([name, FOR_DEVELOPERS.test(command) || name.startsWith("deps")]).toEqual([name, true]);
  }
  expect(read("tools/run")).toContain('"$root/scripts/deps" --all\n');
});

test("a checkout with the developers' packages keeps them", () => {
  const sign = /\[ ! -d node_modules\/(\S+) \]; then options\+=\(--production\)/.exec(
    read("scripts/deps"),
  );
  expect(Object.keys(manifest.devDependencies)).toContain(sign![1]!);
});

/** `name==version` of each line that names both, in lower case as locks have it. */
const pinsOf = (path: string): string[] =>
  [...read(path).matchAll(/^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)/gm)].map(
    ([, name, version]) => `${name!.toLowerCase()}==${version}`,
  );

test("each lock of a Python environment has what its requirements name", () => {
  const files = [...new Glob("{airflow,dbt,scripts,superset,tools}/**/*.in").scanSync(ROOT)];
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const locked = pinsOf(file.replace(/\.in$/, ".lock"));
    const missing = pinsOf(file).filter((pin) => !locked.includes(pin));
    expect([file, ...missing]).toEqual([file]);
  }
});

test("each lock of jars has what its pom.xml names", () => {
  const dependency =
    /<dependency>\s*<groupId>([^<]+)<\/groupId>\s*<artifactId>([^<]+)<\/artifactId>\s*<version>([^<]+)</g;
  for (const folder of ["kafka", "bench/flink"]) {
    const named = [...read(`${folder}/pom.xml`).matchAll(dependency)].map((part) =>
      part.slice(1).join(":"),
    );
    const locked = read(`${folder}/libs.lock`);
    expect(named.length).toBeGreaterThan(1);
    expect([folder, ...named.filter((jar) => !locked.includes(`${jar} `))]).toEqual([folder]);
  }
});

test("the image has the Bun of package.json", () => {
  expect(read(".devcontainer/Dockerfile")).toContain(` bun@${manifest.dependencies.bun} `);
});
