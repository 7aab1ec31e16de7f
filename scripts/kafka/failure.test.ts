import { expect, test } from "bun:test";
import { readConfig } from "../lib/config.ts";
import { explainKafka, isRefusal, isTransient, isUnknownTopic, reasonOf } from "./failure.ts";

const kafkaError = (name: string, fields: object = {}) =>
  Object.assign(new Error(`${name}.`), { name, ...fields });

test("isTransient() is true for an outage, however kafkajs has wrapped it", () => {
  const root = kafkaError("KafkaJSConnectionError");
  const exceeded = kafkaError("KafkaJSNumberOfRetriesExceeded", { retriable: false, cause: root });
  expect(isTransient(root)).toBe(true);
  expect(isTransient(exceeded)).toBe(true);
  expect(
    isTransient(kafkaError("KafkaJSNonRetriableError", { retriable: false, cause: exceeded })),
  ).toBe(true);
  expect(isTransient(kafkaError("KafkaJSLockTimeout", { retriable: false }))).toBe(true);
  expect(isTransient(kafkaError("KafkaJSProtocolError", { retriable: true }))).toBe(true);
});

test("isTransient() is false for what waiting does not mend", () => {
  expect(isTransient(kafkaError("KafkaJSProtocolError", { retriable: false }))).toBe(false);
  expect(isTransient(kafkaError("KafkaJSSASLAuthenticationError"))).toBe(false);
  expect(isTransient(new TypeError("undefined is not a function"))).toBe(false);
});

test("isUnknownTopic() and reasonOf() look through the wrapping", () => {
  const root = kafkaError("KafkaJSProtocolError", { type: "UNKNOWN_TOPIC_OR_PARTITION" });
  const wrapped = kafkaError("KafkaJSNumberOfRetriesExceeded", { cause: root });
  expect(isUnknownTopic(wrapped)).toBe(true);
  expect(reasonOf(wrapped)).toBe("KafkaJSProtocolError");
});

test("isRefusal() is true for a login or a certificate that is refused, and for nothing else", () => {
  const login = kafkaError("KafkaJSSASLAuthenticationError");
  const host = kafkaError("KafkaJSConnectionError", { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  const expired = kafkaError("KafkaJSConnectionError", { code: "CERT_HAS_EXPIRED" });
  const wrapped = kafkaError("KafkaJSNumberOfRetriesExceeded", { cause: host });
  for (const error of [login, host, expired, wrapped]) expect(isRefusal(error)).toBe(true);
  const refusedPort = kafkaError("KafkaJSConnectionError", { code: "ECONNREFUSED" });
  for (const error of [refusedPort, new Error("other"), undefined]) {
    expect(isRefusal(error)).toBe(false);
  }
});

test("explainKafka() names the setting to change for each failure", () => {
  const explain = (name: string, fields?: object) =>
    explainKafka(readConfig({}), kafkaError(name, fields));
  expect(explain("KafkaJSSASLAuthenticationError")).toContain("check KAFKA_SASL_MECHANISM");
  expect(explain("KafkaJSConnectionClosedError")).toContain("check KAFKA_TLS");
  const untrusted = { code: "SELF_SIGNED_CERT_IN_CHAIN", broker: "kafka-2:9092" };
  expect(explain("KafkaJSConnectionError", untrusted)).toMatch(/at kafka-2:9092: .*KAFKA_TLS_CA/);
  expect(explain("KafkaJSConnectionError", { code: "ECONNREFUSED" })).toBe(
    "Cannot reach Kafka at 127.0.0.1:9092: KafkaJSConnectionError; start it with `bun run up kafka`, or set KAFKA_BROKERS",
  );
});
