import { expect, test } from "bun:test";
import { findingsOf } from "./check.ts";
import { type Checkout, commandFaults, linkFaults } from "./references.ts";

const files: Record<string, string> = {
  "README.md": "# The Title: `x`\n## Again\n## Again\n",
  "docs/other.md": "",
  "scripts/up.ts": "flags: { wait: 1 }",
};
const checkout: Checkout = {
  has: (path) => path in files || ["docs", "scripts", "."].includes(path),
  read: (path) => files[path] as string,
  scripts: new Set(["up"]),
  sourceOf: (script) => files[`scripts/${script}.ts`],
};

test("linkFaults() finds dead links, headings and paths with their lines", () => {
  const source = [
    "[a](other.md) [b](../README.md#the-title-x) [c](../README.md#again-1) [d](https://x/y)",
    "[e](gone.md)",
    "[f](../README.md#gone)",
    "`scripts/up.ts` `scripts/gone.ts` `scripts/NAME.ts` `a.ts`",
    '<img src="gone.png"> [g](..) [h](../../issues/new)',
  ].join("\n");
  expect(
    linkFaults("docs/other.md", source, checkout).map(({ line, rule }) => [line, rule]),
  ).toEqual([
    [2, "dead link"],
    [3, "dead link"],
    [4, "dead path"],
    [5, "dead link"],
  ]);
});

test("commandFaults() finds commands and flags that do not exist", () => {
  const source = [
    "bun run up --wait 5s --help",
    "npx --yes bun run down",
    "`bun run up kafka --force` and `bun run up`, --other",
    "bun run scripts/up.ts",
  ].join("\n");
  expect(commandFaults(source, checkout)).toEqual([
    { line: 2, rule: "unknown command", detail: "bun run down: not in package.json" },
    { line: 3, rule: "unknown flag", detail: "bun run up has no --force" },
  ]);
});

test("findingsOf() finds a long header, and a README of too many words", () => {
  const rules = (path: string, source: string) =>
    findingsOf(path, source, checkout).map(({ rule }) => rule);
  const header = (lines: number) => `/**\n${" * Words.\n".repeat(lines)} */\n`;
  expect(rules("a.ts", header(5))).toEqual([]);
  expect(rules("a.ts", header(6))).toEqual(["long header"]);
  expect(rules("README.md", "Two words. ".repeat(450))).toEqual([]);
  expect(rules("README.md", "Two words. ".repeat(451))).toEqual(["long README"]);
  expect(rules("docs/README.md", "Two words. ".repeat(451))).toEqual([]);
});
