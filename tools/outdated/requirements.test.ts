import { expect, test } from "bun:test";
import { lockedVersions, parseRequirements } from "./requirements.ts";

test("parseRequirements() gives the comment as the reason when a line bounds a package", () => {
  const text = "# One package.\n# It breaks.\nflask<3\nredis<6\n\nruff==0.17.5\n";
  expect(parseRequirements(text)).toEqual([
    { name: "flask", held: "It breaks." },
    { name: "redis", held: "It breaks." },
    { name: "ruff", pinned: "0.17.5" },
  ]);
});

test("parseRequirements() leaves out extras and lines that pin nothing", () => {
  const text = "trino[sqlalchemy]==0.340.0\nparser ; sys_platform == 'never'\n";
  expect(parseRequirements(text)).toEqual([{ name: "trino", pinned: "0.340.0" }]);
});

test("parseRequirements() holds every version when it is an override", () => {
  expect(parseRequirements("# Has wheels.\npandas[excel]==2.2.3\n", true)).toEqual([
    { name: "pandas", pinned: "2.2.3", held: "Has wheels." },
  ]);
});

test("lockedVersions() gives one version a package when the lock has markers and hashes", () => {
  const text = "anyio==4.16.0 ; sys_platform != 'x' \\\n    --hash=sha256:ab\nruff==0.17.5 \\\n";
  expect([...lockedVersions(text)]).toEqual([
    ["anyio", "4.16.0"],
    ["ruff", "0.17.5"],
  ]);
});
