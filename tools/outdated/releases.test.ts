import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newestReleases, releasePins } from "./releases.ts";

let host: string;

/** A repository with the given tags. */
function makeRepository(name: string, tags: string[]): void {
  const folder = join(host, name);
  const git = (...command: string[]) => {
    const identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"];
    const { success, stderr } = Bun.spawnSync(["git", ...identity, ...command], { stderr: "pipe" });
    if (!success) throw new Error(stderr.toString());
  };
  git("init", "--quiet", folder);
  git("-C", folder, "commit", "--quiet", "--allow-empty", "--message=first");
  for (const tag of tags) git("-C", folder, "tag", "--annotate", "--message=release", tag);
}

beforeAll(() => {
  host = mkdtempSync(join(tmpdir(), "releases-"));
  makeRepository("actions/checkout", ["v9.1.0", "v10.0.2", "v10", "latest", "v11.0.0-beta"]);
  makeRepository("cloudflare/cloudflared", ["2026.9.3", "2026.10.0"]);
});
afterAll(() => rmSync(host, { recursive: true }));

test("newestReleases() gives the highest tag that names a whole version and no pre-release", async () => {
  const names = ["actions/checkout", "cloudflare/cloudflared"];
  expect([...(await newestReleases(names, host))]).toEqual([
    ["actions/checkout", "v10.0.2"],
    ["cloudflare/cloudflared", "2026.10.0"],
  ]);
});

test("newestReleases() fails with git's reason when there is no such repository", async () => {
  await expect(newestReleases(["actions/nothing"], host)).rejects.toThrow("Cannot ask GitHub: ");
});

test("releasePins() has the actions of every workflow and the image that is pulled", async () => {
  const pins = (await releasePins(host)).map(({ kind, name, file }) => `${kind} ${name} ${file}`);
  expect(pins).toContain("action actions/checkout .github/workflows/ci.yml");
  expect(pins).toContain("action actions/checkout .github/workflows/containers.yml");
  expect(pins).toContain("image cloudflare/cloudflared compose.yaml");
});
