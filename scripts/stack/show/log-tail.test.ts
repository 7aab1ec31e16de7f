import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLines } from "./log-tail.ts";

test("lastLines() gives the end of a log, also of a long one, and nothing when there is none", () => {
  const folder = mkdtempSync(join(tmpdir(), "log-tail-"));
  try {
    const path = join(folder, "program.log");
    expect(lastLines(path, 2)).toEqual([]);
    writeFileSync(path, "");
    expect(lastLines(path, 2)).toEqual([]);
    writeFileSync(path, "one\ntwo\n\nthree\n");
    expect(lastLines(path, 2)).toEqual(["two", "three"]);
    writeFileSync(path, `${"a line before\n".repeat(5_000)}the end`);
    expect(lastLines(path, 1)).toEqual(["the end"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
