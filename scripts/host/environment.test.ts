import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { readConfig } from "../lib/config.ts";
import { password, writeMissingSecrets } from "./environment.ts";

const secrets = {
  POSTGRES_PASSWORD: password,
  POSTGRES_ADMIN_PASSWORD: password,
  POSTGRES_READ_PASSWORD: password,
};
const secretNames = Object.keys(secrets);

const folder = mkdtempSync(join(tmpdir(), "environment-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("writeMissingSecrets() makes a private file with a different secret for each name", () => {
  const path = join(folder, "new", ".env");
  const environment: Record<string, string | undefined> = {};
  expect(writeMissingSecrets(path, secrets, environment)).toEqual([...secretNames]);
  const written = parseEnv(readFileSync(path, "utf8"));
  expect(new Set(Object.values(written)).size).toBe(secretNames.length);
  expect(written).toEqual(environment);
  expect(readConfig(written as Record<string, string>)).toMatchObject(written);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("writeMissingSecrets() keeps what is there and adds only what is missing", () => {
  const path = join(folder, ".env");
  const before = "# mine\nKAFKA_PORT=9192\nPOSTGRES_PASSWORD=chosen";
  writeFileSync(path, before);
  const environment = { POSTGRES_READ_PASSWORD: "from the shell" };
  const written = writeMissingSecrets(path, secrets, environment);
  const had = ["POSTGRES_PASSWORD", "POSTGRES_READ_PASSWORD"];
  expect<string[]>(written).toEqual(secretNames.filter((name) => !had.includes(name)));
  expect(readFileSync(path, "utf8")).toStartWith(`${before}\nPOSTGRES_ADMIN_PASSWORD=`);
});

test("writeMissingSecrets() touches nothing when nothing is missing", () => {
  const path = join(folder, "none", ".env");
  const environment = Object.fromEntries(secretNames.map((name) => [name, "set"]));
  expect(writeMissingSecrets(path, secrets, environment)).toEqual([]);
  expect(() => statSync(path)).toThrow();
});
