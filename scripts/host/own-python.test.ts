import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPython } from "./find-python.ts";
import { hasOwnPython } from "./own-python.ts";

const folder = mkdtempSync(join(tmpdir(), "own-python-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An environment whose Python is linked to a file of the given name, with packages for 3.12. */
function environment(name: string): { path: string; python: string } {
  const path = join(folder, `environment of ${name}`);
  const python = join(folder, name);
  mkdirSync(join(path, "bin"), { recursive: true });
  mkdirSync(join(path, "lib/python3.12/site-packages"), { recursive: true });
  writeFileSync(python, "");
  symlinkSync(python, join(path, "bin/python"));
  return { path, python };
}

test("hasOwnPython() is true of an environment that Python has just made", () => {
  const python = findPython();
  if ("missing" in python) throw new Error(python.missing);
  const path = join(folder, "real");
  Bun.spawnSync([python.path, "-m", "venv", "--without-pip", path]);
  expect(hasOwnPython(path)).toBe(true);
});

test("hasOwnPython() is false when the Python has gone", () => {
  const { path, python } = environment("python3.12");
  expect(hasOwnPython(path)).toBe(true);
  rmSync(python);
  expect(hasOwnPython(path)).toBe(false);
  expect(hasOwnPython(join(folder, "nowhere"))).toBe(false);
});

test("hasOwnPython() is false when another minor version has taken its place", () => {
  expect(hasOwnPython(environment("python3.13").path)).toBe(false);
});
