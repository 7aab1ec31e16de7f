import { expect, test } from "bun:test";
import { listedPins } from "./listed.ts";
import { stateOf } from "./pin.ts";

test("listedPins() has every pin that no registry is asked about", () => {
  const pins = listedPins().map(({ kind, name, file }) => `${kind} ${name} ${file}`);
  for (const pin of [
    "image debian .devcontainer/Dockerfile",
    "runner ubuntu .github/workflows/ci.yml",
    "runner node .github/workflows/ci.yml",
    "runner python .github/workflows/ci.yml",
    "runner ubuntu .github/workflows/containers.yml",
    "JSR @std/dotenv deno.json",
    "Worker compatibility_date worker/wrangler.jsonc",
    "engine bun package.json",
  ]) {
    expect(pins).toContain(pin);
  }
});

test("listedPins() compares the Worker's date with the one that miniflare knows", () => {
  const date = listedPins().find(({ name }) => name === "compatibility_date")!;
  expect(date.newest).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(stateOf(date)).not.toBe("behind");
});
