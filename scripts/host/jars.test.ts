import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { type Config, ROOT, readConfig } from "../lib/config.ts";
import { opsFolder } from "./folders.ts";
import { jarRuntime } from "./jars.ts";
import { OPS } from "./ops.ts";

const MINUTES = 60_000;
const NAMES = ["first", "second"];

const folder = mkdtempSync(join(tmpdir(), "jars-"));
const asked: string[] = [];
const repository = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const name = basename(new URL(request.url).pathname);
    asked.push(name);
    return new Response(contentOf(name));
  },
});
let config: Config;

const contentOf = (name: string) => `the content of ${name}`;

beforeAll(async () => {
  const installed = readConfig();
  await OPS.install(installed);
  config = {
    ...installed,
    CACHE_DIR: folder,
    MAVEN_REPOSITORY_URL: `http://127.0.0.1:${repository.port}`,
  };
  symlinkSync(opsFolder(installed), opsFolder(config));
}, 10 * MINUTES);

afterAll(async () => {
  await repository.stop(true);
  rmSync(folder, { recursive: true });
});

function newRuntime() {
  const lines = NAMES.map((name) => {
    const content = contentOf(`${name}-1.0.jar`);
    const sha256 = createHash("sha256").update(content).digest("hex");
    return `org.example:${name}:1.0 ${sha256} ${content.length}\n`;
  });
  writeFileSync(join(folder, "libs.lock"), lines.join(""));
  let times = 0;
  const runtime = jarRuntime({
    name: "example",
    title: "Example",
    lock: relative(ROOT, join(folder, "libs.lock")),
    onFetched: () => times++,
  });
  return { runtime, timesFetched: () => times };
}

test(
  "jarRuntime() fetches what is missing or broken, and nothing when all is whole",
  async () => {
    const { runtime, timesFetched } = newRuntime();
    expect(runtime.missingBytes(config)).toBe(
      contentOf("first-1.0.jar").length + contentOf("second-1.0.jar").length,
    );
    await runtime.install(config);
    await runtime.install(config);
    expect(asked.toSorted()).toEqual(["first-1.0.jar", "second-1.0.jar"]);
    expect(runtime.missingBytes(config)).toBe(0);

    const installed = runtime.folder(config);
    writeFileSync(join(installed, "second-1.0.jar"), "something else");
    writeFileSync(join(installed, ".second-1.0.jar.1"), "of a killed download");
    expect(runtime.describe?.(config)).toBe("1 of 2 jars are whole");
    await runtime.install(config);
    expect(asked.slice(2)).toEqual(["second-1.0.jar"]);
    expect(timesFetched()).toBe(2);
    expect(readdirSync(installed).toSorted()).toEqual(["first-1.0.jar", "second-1.0.jar"]);
    expect(runtime.classPath(config)).toBe(
      `${join(installed, "first-1.0.jar")}:${join(installed, "second-1.0.jar")}`,
    );
  },
  MINUTES,
);
