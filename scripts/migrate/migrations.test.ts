import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Migration, pendingMigrations, readMigrations } from "./migrations.ts";

const file = (name: string, sha256 = name): Migration => ({ name, sql: "", sha256 });
const files = [file("0001_first.sql"), file("0002_second.sql"), file("0003_third.sql")];

test("readMigrations() gives the files of the checkout in the order of their numbers", () => {
  const names = readMigrations().map(({ name }) => name);
  expect(names[0]).toBe("0001_streaming.sql");
  expect(names).toEqual(names.toSorted());
});

test("readMigrations() refuses a folder when a number is taken twice", () => {
  const folder = mkdtempSync(join(tmpdir(), "migrations-"));
  try {
    writeFileSync(join(folder, "0001_one.sql"), "");
    writeFileSync(join(folder, "0001_two.sql"), "");
    expect(() => readMigrations(folder)).toThrow("Cannot read migration 0001_two.sql");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("pendingMigrations() gives what comes after the applied ones", () => {
  expect(pendingMigrations(files, [])).toEqual(files);
  expect(pendingMigrations(files, files.slice(0, 2))).toEqual(files.slice(2));
  expect(pendingMigrations(files, files)).toEqual([]);
});

test("pendingMigrations() refuses when an applied file was edited, is gone or has a newer one before it", () => {
  const edited = [file("0001_first.sql", "another hash")];
  expect(() => pendingMigrations(files, edited)).toThrow(
    "0001_first.sql was applied and then edited",
  );
  const gone = [file("0001_first.sql"), file("0002_gone.sql")];
  expect(() => pendingMigrations(files, gone)).toThrow("0002_gone.sql was applied and is gone");
  const late = [file("0001_first.sql"), file("0003_third.sql")];
  expect(() => pendingMigrations(files, late)).toThrow("0002_second.sql is new but comes before");
});
