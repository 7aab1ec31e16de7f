import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { services } from "../services.ts";
import { codeVersion } from "./code-version.ts";

const root = mkdtempSync(join(tmpdir(), "code-version-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

test("codeVersion() changes with what programs are made of, and with nothing else", () => {
  write("scripts/consume.ts", "one");
  for (const path of ["bun.lock", "package.json"]) write(path, "");
  const before = codeVersion(services, root);
  for (const path of ["scripts/consume.test.ts", "airflow/dags/new.py", "dbt/models/new.sql"]) {
    write(path, "");
    expect([path, codeVersion(services, root)]).toEqual([path, before]);
  }
  const versions = ["two", "one"].map((content) => {
    write("scripts/consume.ts", content);
    return codeVersion(services, root);
  });
  expect(versions[0]).not.toBe(before);
  expect(versions[1]).toBe(before);
  for (const path of ["worker/service.ts", "patches/kafkajs.patch"]) {
    const without = codeVersion(services, root);
    write(path, "");
    expect([path, codeVersion(services, root)]).not.toEqual([path, without]);
  }
});
