import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, ROOT, readConfig, settingNames } from "./config.ts";

const example = new Map(
  [...readFileSync(join(ROOT, ".env.example"), "utf8").matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(
    ([, name, value]) => [name!, value!],
  ),
);

/** Whatever `read` throws. */
function errorOf(read: () => unknown): Error {
  try {
    read();
  } catch (error) {
    return error as Error;
  }
  throw new Error("Cannot find an error: none was thrown");
}

test("readConfig() works when nothing is set", () => {
  const config = readConfig({});
  expect(config.KAFKA_BROKERS).toEqual(["127.0.0.1:9092"]);
  expect(config.STATE_DIR).toBe(join(ROOT, ".state"));
});

test("readConfig() takes an empty setting for one that is not set", () => {
  expect(readConfig({ KAFKA_PORT: "" }).KAFKA_PORT).toBe(9092);
});

test("readConfig() reports all faults when several settings are wrong", () => {
  const error = errorOf(() =>
    readConfig({ KAFKA_PORT: "99999", POSTGRES_SSLMODE: "maybe", PRODUCER_RATE: "fast" }),
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toContain("KAFKA_PORT");
  expect(error.message).toContain("99999");
  expect(error.message).toContain("POSTGRES_SSLMODE");
  expect(error.message).toContain("PRODUCER_RATE");
});

test("readConfig() keeps every password out of its message when settings are wrong", () => {
  const passwords = settingNames.filter((name) => name.includes("PASSWORD"));
  const environment = Object.fromEntries(passwords.map((name) => [name, "s3cret-value"]));
  const error = errorOf(() => readConfig({ ...environment, KAFKA_PORT: "0" }));
  expect(passwords.length).toBeGreaterThan(5);
  expect(error.message).not.toContain("s3cret-value");
});

test(".env.example lists every setting, in the order of the code", () => {
  expect([...example.keys()]).toEqual(settingNames);
});

test(".env.example gives the defaults of the code", () => {
  const folders = { STATE_DIR: "", CACHE_DIR: "" };
  const withExample = readConfig({ ...Object.fromEntries(example), ...folders });
  expect(withExample).toEqual(readConfig({}));
});
