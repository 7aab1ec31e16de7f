import { expect, test } from "bun:test";
import { Glob } from "bun";
import { ROOT } from "../../scripts/lib/config.ts";
import { systemTests } from "./system-tests.ts";

const filesOf = (only?: string) =>
  systemTests(only).flatMap(({ command }) => command.filter((word) => word.endsWith(".test.ts")));

test("systemTests() runs every file of tests once, and no file that is gone", () => {
  const files = [...new Glob("tests/*.test.ts").scanSync(ROOT)].map((file) => `./${file}`);
  expect(filesOf().toSorted()).toEqual(files.toSorted());
});

test("systemTests() runs only the files that are asked for, without others of their part", () => {
  expect(filesOf("tests/ledger")).toEqual(["./tests/ledger.test.ts"]);
  expect(systemTests("tests/ledger").map(({ name }) => name)).toEqual(["tests/ledger.test.ts"]);
  expect(filesOf("nothing has this in its name")).toEqual([]);
});
