import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../lib/config.ts";
import { until } from "../lib/wait.ts";
import { fetchArtifacts, hasSha256 } from "./artifacts.ts";
import { OPS } from "./ops.ts";

const MINUTES = 60_000;
const CONTENT = "what the repository holds".repeat(10_000);
/** Other content of the same size. */
const CHANGED = CONTENT.replace("w", "W");
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const NAME = "library-1.0.jar";
const PATH = `/org/example/library/1.0/${NAME}`;

const config = readConfig();
const folders: string[] = [];

beforeAll(() => OPS.install(config), 10 * MINUTES);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "artifacts-"));
  folders.push(folder);
  return folder;
}

/** Fetches one jar from a repository that gives these answers, one after the other. */
async function fetchInto(
  folder: string,
  answers: (() => Response)[],
  sha256 = SHA256,
): Promise<string[]> {
  const asked: string[] = [];
  using repository = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return answers.shift()?.() ?? new Response("no more answers", { status: 500 });
    },
  });
  await Bun.write(join(folder, ".keep"), "");
  await fetchArtifacts(
    { ...config, MAVEN_REPOSITORY_URL: `http://127.0.0.1:${repository.port}` },
    folder,
    [{ coordinates: "org.example:library:1.0", name: NAME, sha256, bytes: CONTENT.length }],
    () => {},
  );
  return asked;
}

const whole = () => new Response(CONTENT);
const broken = () => new Response(CONTENT.slice(0, 1_000));
const refused = () => new Response("try later", { status: 503 });

// Side by side: most of the time each waits before it tries again.
test.concurrent(
  "fetchArtifacts() fetches again when a download was refused or broken",
  async () => {
    const folder = newFolder();
    expect(await fetchInto(folder, [refused, broken, whole])).toEqual([PATH, PATH, PATH]);
    expect(readFileSync(join(folder, NAME), "utf8")).toBe(CONTENT);
    expect(readdirSync(folder)).toEqual([".keep", NAME]);
  },
  MINUTES,
);

test.concurrent(
  "fetchArtifacts() gives up with the reason and leaves nothing when the content is never right",
  async () => {
    const folder = newFolder();
    const answers = [whole, whole, whole, whole];
    await expect(fetchInto(folder, answers, "0".repeat(64))).rejects.toThrow(
      `its SHA-256 is ${SHA256}`,
    );
    expect(answers).toEqual([]);
    expect(readdirSync(folder)).toEqual([".keep"]);
  },
  MINUTES,
);

test("hasSha256() says no when a file is missing, and when it was changed", () => {
  const path = join(newFolder(), NAME);
  expect(hasSha256(path, SHA256)).toBe(false);
  writeFileSync(path, CONTENT);
  expect(hasSha256(path, SHA256)).toBe(true);
  writeFileSync(path, CHANGED);
  expect(hasSha256(path, SHA256)).toBe(false);
});

test("hasSha256() says no when a file that it has remembered was changed", async () => {
  const path = join(newFolder(), NAME);
  writeFileSync(path, CONTENT);
  const { mtime } = statSync(path);
  await until("the file is old enough to be remembered", MINUTES, async () => {
    if (Date.now() - statSync(path).ctimeMs < 1_500) throw new Error("it is new");
  });
  expect(hasSha256(path, SHA256)).toBe(true);
  writeFileSync(path, CHANGED);
  utimesSync(path, mtime, mtime);
  expect(hasSha256(path, SHA256)).toBe(false);
});
