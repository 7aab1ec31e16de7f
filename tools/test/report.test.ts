import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseReport } from "./report.ts";

/** A report of `bun test` itself about a file. */
function reportOf(file: string) {
  const folder = mkdtempSync(join(tmpdir(), "report-test-"));
  try {
    writeFileSync(join(folder, "some.test.ts"), file);
    const path = join(folder, "report.xml");
    Bun.spawnSync(
      [process.execPath, "test", "--reporter=junit", `--reporter-outfile=${path}`, "some.test.ts"],
      { cwd: folder, stdio: ["ignore", "ignore", "ignore"] },
    );
    return parseReport(readFileSync(path, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("parseReport() counts what passed and names what failed, with its reason", () => {
  const { passed, failures } = reportOf(`
    import { describe, expect, test } from "bun:test";
    test("holds", () => {});
    test("a < b & 'c'", () => expect(1).toBe(2));
    describe("inside", () => test("has no time", () => { throw new Error("no <answer>\\nin 5 s"); }));
  `);
  expect(passed).toBe(1);
  expect(failures.map(({ test }) => test)).toEqual([
    "some.test.ts > a < b & 'c'",
    "some.test.ts > inside > has no time",
  ]);
  expect(failures[0]!.reason).toContain("Expected: 2\nReceived: 1");
  expect(failures[1]!.reason).toStartWith("Error: no <answer>\nin 5 s");
});

test("parseReport() names a file whose preparation failed, so that no test of it ran", () => {
  const { passed, failures } = reportOf(`
    import { beforeAll, test } from "bun:test";
    beforeAll(() => { throw new Error("Kafka did not start"); });
    test("one", () => {});
    test("two", () => {});
  `);
  expect(passed).toBe(0);
  expect(failures).toHaveLength(1);
  expect(failures[0]!.reason).toStartWith("Error: Kafka did not start");
});

test("parseReport() counts a skipped test as failed", () => {
  const { passed, failures } = reportOf(`
    import { test } from "bun:test";
    test.skip("later", () => {});
    test("now", () => {});
  `);
  expect(passed).toBe(1);
  expect(failures).toEqual([{ test: "some.test.ts > later", reason: "it was skipped" }]);
});

test("parseReport() finds nothing in a report of nothing", () => {
  expect(parseReport('<?xml version="1.0"?><testsuites name="bun test" tests="0"/>')).toEqual({
    passed: 0,
    failures: [],
  });
});
