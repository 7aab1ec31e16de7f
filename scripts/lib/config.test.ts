import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import tls from "node:tls";
import { ROOT, readConfig, secretSettings, settingNames } from "./config.ts";
import { ConfigError } from "./errors.ts";

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

test("readConfig() multiplies the defaults by MEMORY_SCALE, and nothing that is set", () => {
  const scaled = readConfig({ MEMORY_SCALE: "2.5", TRINO_HEAP_MB: "700" });
  expect(scaled).toMatchObject({
    KAFKA_HEAP_MB: 960,
    TRINO_HEAP_MB: 700,
    POSTGRES_SHARED_BUFFERS_MB: 640,
    AIRFLOW_PARALLEL_TASKS: 5,
    SUPERSET_THREADS: 20,
    KAFKA_PARTITIONS: 4,
  });
  // What a service inherits is set, and so does not grow again.
  const inherited = readConfig({ MEMORY_SCALE: "2.5", KAFKA_HEAP_MB: `${scaled.KAFKA_HEAP_MB}` });
  expect(inherited.KAFKA_HEAP_MB).toBe(960);
  expect(() => readConfig({ MEMORY_SCALE: "0.5" })).toThrow("MEMORY_SCALE");
});

test("readConfig() keeps every secret out of its message when settings are wrong", () => {
  const named = settingNames.filter((name) => /PASSWORD|SECRET|_KEY|_TOKEN|WEBHOOK/.test(name));
  expect(secretSettings.toSorted()).toEqual(named.toSorted());
  const environment = Object.fromEntries(named.map((name) => [name, "s3cret-value"]));
  const error = errorOf(() => readConfig({ ...environment, KAFKA_PORT: "0" }));
  for (const name of ["AIRFLOW_JWT_SECRET", "AIRFLOW_FERNET_KEY", "ALERT_WEBHOOK_URL"]) {
    expect(error.message).toContain(`${name}: must `);
  }
  expect(error.message).not.toContain("s3cret-value");
});

test("readConfig() takes cron expressions and seconds for a schedule, and nothing else", () => {
  const schedules = (...values: string[]) =>
    values.map((value) => readConfig({ TRANSFORM_SCHEDULE: value }).TRANSFORM_SCHEDULE);
  const good = ["* * * * *", "*/5 8-18 1,15 * MON-FRI", "5", "20", "3600"];
  expect(schedules(...good)).toEqual(good);
  for (const bad of ["4", "0", "-20", "20s", "hourly", "* * * *", "* * * * * *", "1.5"]) {
    expect(() => schedules(bad)).toThrow("TRANSFORM_SCHEDULE: must be");
  }
});

test("readConfig() names the setting when a file of certificates is missing or holds none", () => {
  const error = errorOf(() =>
    readConfig({ KAFKA_TLS_CA: "/nowhere/ca.pem", POSTGRES_SSL_CA: import.meta.path }),
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toContain("KAFKA_TLS_CA: there is no such file");
  expect(error.message).toContain("POSTGRES_SSL_CA: it holds no certificate");
});

test("readConfig() names what is missing when a login has no name or no password", () => {
  const error = errorOf(() => readConfig({ KAFKA_SASL_MECHANISM: "plain" }));
  expect(error.message).toContain("KAFKA_SASL_USERNAME: needed");
  expect(error.message).toContain("KAFKA_SASL_PASSWORD: needed");
});

test("readConfig() refuses a file of certificates when nothing would be checked with it", () => {
  const path = join(mkdtempSync(join(tmpdir(), "config-test-")), "ca.pem");
  writeFileSync(path, tls.rootCertificates[0]!);
  const files = { KAFKA_TLS_CA: path, POSTGRES_SSL_CA: path };
  const error = errorOf(() => readConfig({ ...files, POSTGRES_SSLMODE: "require" }));
  expect(error.message).toContain("KAFKA_TLS_CA: has no effect");
  expect(error.message).toContain("POSTGRES_SSL_CA: has no effect");
  const checked = readConfig({ ...files, KAFKA_TLS: "true", POSTGRES_SSLMODE: "verify-full" });
  expect(checked).toMatchObject(files);
  rmSync(dirname(path), { recursive: true });
});

test("readConfig() lets other machines reach Trino only when it is secured", () => {
  const fault = (settings: Record<string, string>) => errorOf(() => readConfig(settings)).message;
  for (const address of ["0.0.0.0", "::", "192.168.1.5"]) {
    expect(fault({ TRINO_BIND_ADDRESS: address })).toContain(
      `TRINO_BIND_ADDRESS: lets other machines in, which needs TRINO_SECURED to be true, current value is ${address}`,
    );
    readConfig({ TRINO_BIND_ADDRESS: address, TRINO_SECURED: "true" });
  }
  for (const address of ["127.0.0.1", "127.0.0.2", "::1"]) {
    readConfig({ TRINO_BIND_ADDRESS: address });
  }
  expect(fault({ TRINO_BIND_ADDRESS: "all" })).toContain(
    "TRINO_BIND_ADDRESS: must be an IP address",
  );
  expect(fault({ TRINO_SECURED: "true", TRINO_URL: "http://trino:8083" })).toContain(
    "TRINO_URL: must begin with https://",
  );
});

test(".env.example lists every setting, in the order of the code", () => {
  expect([...example.keys()]).toEqual(settingNames);
});

test(".env.example gives the defaults of the code", () => {
  const folders = { STATE_DIR: "", CACHE_DIR: "", AIRFLOW_DAGS_FOLDER: "" };
  const withExample = readConfig({ ...Object.fromEntries(example), ...folders });
  expect(withExample).toEqual(readConfig({}));
});

test("readConfig() takes options of Java, and refuses other words", () => {
  expect(readConfig({ JAVA_OPTIONS: "-Xint  -Da=b" }).JAVA_OPTIONS).toBe("-Xint  -Da=b");
  expect(() => readConfig({ JAVA_OPTIONS: "-Xint Main" })).toThrow("begin with a dash");
});

test("readConfig() says what a number must be", () => {
  const wrong = { KAFKA_PORT: "x", KAFKA_PARTITIONS: "0", PRODUCER_RATE: "fast" };
  expect(() => readConfig({ ...wrong, DUPLICATE_HORIZON_HOURS: "1.5" })).toThrow(
    `Cannot read the settings:
  KAFKA_PORT: must be a port from 1 to 65535, current value is x
  KAFKA_PARTITIONS: must be a whole number, 1 or more, current value is 0
  PRODUCER_RATE: must be a number, current value is fast
  DUPLICATE_HORIZON_HOURS: must be a whole number, current value is 1.5`,
  );
});
