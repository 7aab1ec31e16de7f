import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../scripts/lib/config.ts";
import { checkoutFiles } from "./checkout-files.ts";
import { pureWallFaults, saysPure } from "./pure-wall.ts";

const matches = (glob: string, path: string) => new Glob(glob).match(path);
const wall = (...includes: string[]) => ({ includes, linter: { message: "This file is pure: …" } });
const pure = "/** Adds numbers. Pure. */\nexport const sum = 0;\n";

test("saysPure() reads the header alone, also behind a shebang or imports", () => {
  expect(saysPure(pure)).toBe(true);
  expect(saysPure(`#!/usr/bin/env bun\nimport { z } from "zod";\n${pure}`)).toBe(true);
  expect(saysPure("/** Reads a file. */\nconst a = 1;\n/** Pure. */")).toBe(false);
  expect(saysPure("/** Purely a test. */")).toBe(false);
});

test("pureWallFaults() finds nothing when every pure file is covered, by its name or by a glob", () => {
  const files = new Map([
    ["a.ts", pure],
    ["schema/b.ts", pure],
    ["c.ts", "/** Reads. */"],
  ]);
  expect(pureWallFaults(files, [wall("a.ts"), wall("schema/**/*.ts")], matches)).toEqual([]);
});

test("pureWallFaults() names a pure file that no pure wall covers, or that one leaves out", () => {
  const files = new Map([
    ["a.ts", pure],
    ["b.ts", pure],
  ]);
  const other = { includes: ["b.ts"], linter: { message: "another wall" } };
  expect(pureWallFaults(files, [wall("*.ts", "!a.ts", "!b.ts"), other], matches)).toEqual([
    'a.ts says "Pure" and is on no pure wall: add it to the list in biome.json',
    'b.ts says "Pure" and is on no pure wall: add it to the list in biome.json',
  ]);
});

test("pureWallFaults() names a file on the list that is gone or no longer says that it is pure", () => {
  const files = new Map([["a.ts", "/** Reads. */"]]);
  expect(pureWallFaults(files, [wall("a.ts", "gone.ts")], matches)).toEqual([
    'a.ts is on the pure wall: say "Pure" in its header, or take it off biome.json',
    "gone.ts is on the pure wall and does not exist: take it off biome.json",
  ]);
});

test("every file of the project that says it is pure is behind the pure wall of Biome", () => {
  const sources = checkoutFiles().filter((path) => /(?<!\.test)\.ts$/.test(path));
  const files = new Map(sources.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
  const { overrides } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
  expect(pureWallFaults(files, overrides, matches)).toEqual([]);
});
