import { expect, test } from "bun:test";
import { readConfig } from "../scripts/lib/config.ts";
import { jdbcUrl, kafkaClientSettings, propertyValue } from "./connections.ts";

const unused = () => "not used";

test("kafkaClientSettings() keeps each character of a password when Java reads it", () => {
  const config = readConfig({
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_USERNAME: "anna",
    KAFKA_SASL_PASSWORD: 'a"b\\c;ü',
  });
  expect(kafkaClientSettings(config, unused)).toContain(
    'PlainLoginModule required username="anna" password="a\\\\"b\\\\\\\\c;\\u00fc";\n',
  );
});

test("kafkaClientSettings() names the protocol that TLS and the login come to", () => {
  const login = { KAFKA_SASL_USERNAME: "a", KAFKA_SASL_PASSWORD: "b" };
  const protocol = (settings: Record<string, string>) =>
    /security.protocol=(.*)/.exec(kafkaClientSettings(readConfig(settings), unused))?.[1];
  expect(protocol({})).toBe("PLAINTEXT");
  expect(protocol({ KAFKA_TLS: "true" })).toBe("SSL");
  expect(protocol({ ...login, KAFKA_SASL_MECHANISM: "plain" })).toBe("SASL_PLAINTEXT");
  expect(protocol({ ...login, KAFKA_SASL_MECHANISM: "scram-sha-256", KAFKA_TLS: "true" })).toBe(
    "SASL_SSL",
  );
});

test("jdbcUrl() names the certificates to trust only when they are checked", () => {
  const url = (settings: Record<string, string>) =>
    jdbcUrl(readConfig(settings), () => "/etc/some where.pem");
  expect(url({ POSTGRES_DB: "a b/c" })).toBe(
    "jdbc:postgresql://127.0.0.1:5432/a%20b%2Fc?sslmode=disable&connectTimeout=10&ApplicationName=trino",
  );
  expect(url({ POSTGRES_SSLMODE: "verify-full", POSTGRES_HOST: "::1" })).toBe(
    "jdbc:postgresql://[::1]:5432/data_platform_demo?sslmode=verify-full&connectTimeout=10&ApplicationName=trino&sslrootcert=%2Fetc%2Fsome%20where.pem",
  );
});

test("propertyValue() escapes what Java would read as something else", () => {
  expect(propertyValue(" a\\b=c:d\n€")).toBe("\\ a\\\\b=c:d\\u000a\\u20ac");
});
