import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutFiles } from "../../tools/checkout-files.ts";
import { ADVISORY_LOCKS } from "./advisory-locks.ts";
import { ROOT } from "./config.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** Source files that take an advisory lock, by the words with which PostgreSQL is asked for one. */
const lockingFiles = (): string[] =>
  checkoutFiles().filter(
    (path) =>
      /(?<!\.test)\.(ts|py|sql)$/.test(path) &&
      !/^(tests|bench)\//.test(path) &&
      /pg_(try_)?advisory_(xact_)?lock/.test(read(path)),
  );

test("ADVISORY_LOCKS has a key of its own for each purpose", () => {
  const keys = Object.values(ADVISORY_LOCKS);
  expect(new Set(keys).size).toBe(keys.length);
});

test("dbt takes the lock that is listed as its own", () => {
  const key = /^LOCK_KEY = ([\d_]+)$/m.exec(read("dbt/run_records.py"))?.[1];
  expect(Number(key?.replaceAll("_", ""))).toBe(ADVISORY_LOCKS.transform);
});

test("no program takes an advisory lock that is not listed", () => {
  const files = lockingFiles();
  expect(files).toContain("dbt/run_records.py");
  for (const path of files.filter((file) => file !== "dbt/run_records.py")) {
    for (const [, key] of read(path).matchAll(/advisory_\w*(?:un)?lock\(([^)]*)\)/g)) {
      expect([path, key]).toEqual([path, expect.stringMatching(/^\$\{ADVISORY_LOCKS\.\w+\}$/)]);
    }
  }
});
