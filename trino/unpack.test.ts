import { afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { opsPython } from "../scripts/host/folders.ts";
import { OPS } from "../scripts/host/ops.ts";
import { runShown } from "../scripts/host/run.ts";
import { ROOT, readConfig } from "../scripts/lib/config.ts";

const MINUTES = 60_000;
const config = readConfig();

let folder: string;

beforeAll(() => OPS.install(config), 10 * MINUTES);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unpack-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * An archive like Trino's: content that several plugins share is stored once, in the first of them.
 */
function makeArchive(): string {
  const source = join(folder, "server-1");
  const add = (name: string, content: string) => {
    mkdirSync(dirname(join(source, name)), { recursive: true });
    writeFileSync(join(source, name), content);
  };
  add("bin/launcher", "a program");
  add("lib/core.jar", "the core");
  add("plugin/bigquery/shared.jar", "what both need");
  add("plugin/kafka/own.jar", "the connector");
  linkSync(join(source, "plugin/bigquery/shared.jar"), join(source, "plugin/kafka/shared.jar"));
  linkSync(join(source, "lib/core.jar"), join(source, "plugin/kafka/core.jar"));
  const archive = join(folder, "server.tar.gz");
  const order = ["bin", "plugin/bigquery", "plugin/kafka", "lib"].map((name) => `server-1/${name}`);
  const packed = Bun.spawnSync(["tar", "-czf", archive, "-C", folder, ...order]);
  if (packed.exitCode !== 0) throw new Error(packed.stderr.toString());
  return archive;
}

async function unpack(...plugins: string[]): Promise<string> {
  const target = join(folder, "unpacked");
  mkdirSync(target);
  const program = join(ROOT, "trino/unpack.py");
  await runShown([opsPython(config), program, makeArchive(), target, ...plugins], () => {});
  return target;
}

test(
  "unpack.py keeps the library and the named plugins, with what they share with others",
  async () => {
    const target = await unpack("kafka");
    const content = (name: string) => readFileSync(join(target, name), "utf8");
    expect(content("lib/core.jar")).toBe("the core");
    expect(content("plugin/kafka/own.jar")).toBe("the connector");
    expect(content("plugin/kafka/shared.jar")).toBe("what both need");
    expect(content("plugin/kafka/core.jar")).toBe("the core");
    expect(existsSync(join(target, "plugin/bigquery"))).toBeFalse();
    expect(existsSync(join(target, "bin"))).toBeFalse();
  },
  MINUTES,
);

test(
  "unpack.py lists each file with its hash when all are there",
  async () => {
    const target = await unpack("kafka");
    const lines = readFileSync(join(target, "files.sha256"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => line.split("  ")[1])).toEqual([
      "lib/core.jar",
      "plugin/kafka/core.jar",
      "plugin/kafka/own.jar",
      "plugin/kafka/shared.jar",
    ]);
    const hash = createHash("sha256").update("what both need").digest("hex");
    expect(lines.at(-1)).toBe(`${hash}  plugin/kafka/shared.jar`);
  },
  MINUTES,
);

test(
  "unpack.py fails and lists nothing when the archive lacks a plugin",
  async () => {
    await expect(unpack("kafka", "postgresql")).rejects.toThrow("it has no plugin postgresql");
    expect(existsSync(join(folder, "unpacked/files.sha256"))).toBeFalse();
  },
  MINUTES,
);
