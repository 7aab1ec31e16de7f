import { expect, test } from "bun:test";
import { isTransient, isUnknownTopic, reasonOf } from "./failure.ts";

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
