import { expect, test } from "bun:test";
import { conclusion } from "./conclusion.ts";
import type { Result } from "./perform.ts";
import { duration } from "./progress.ts";

const result = (name: string, changes: Partial<Result> = {}): Result => ({
  name,
  passed: 1,
  failures: [],
  output: "",
  seconds: 1,
  ...changes,
});

test("conclusion() shows the slowest first, then what did not run and what failed, and counts last", () => {
  const reason = ["expected 1", ...Array.from({ length: 20 }, (_, line) => `line ${line}`)];
  const text = conclusion([
    result("types"),
    result("containers", { passed: 0, notRun: "there is no `dockerd`" }),
    result("tests/fence.test.ts", {
      seconds: 200,
      passed: 4,
      failures: [{ test: "a counts once", reason: reason.join("\n") }],
    }),
  ]);
  const lines = text.split("\n");
  expect(lines[1]).toMatch(/^tests\/fence\.test\.ts +3 min 20 s +4 +1$/);
  expect(text).toContain("\n\nnot run  containers: there is no `dockerd`\n");
  expect(text).toContain("\n\nfailed  a counts once\n        expected 1\n        line 0\n");
  expect(text).not.toContain("line 10");
  expect(lines.at(-1)).toBe("5 passed, 1 failed");
});

test("duration() is in seconds up to two minutes", () => {
  expect([0.2, 38.4, 119.4, 120, 3_599.9].map(duration)).toEqual([
    ...["0 s", "38 s", "119 s", "2 min 0 s", "60 min 0 s"],
  ]);
});
