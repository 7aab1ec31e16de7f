import { expect, test } from "bun:test";
import { readTopicId } from "./topic-id.ts";

const text = (value: string) =>
  Buffer.concat([Buffer.from([value.length + 1]), Buffer.from(value)]);
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const ID = "0f8fad5bd9cb469fa16570867728950e";

/** Metadata's answer, version 12, as the protocol guide has it, up to the topic's id. */
function response({ brokers = ["127.0.0.1"], errorCode = 0, clusterId = "c" }): Buffer {
  return Buffer.concat([
    Buffer.from([0]),
    int32(0),
    Buffer.from([brokers.length + 1]),
    ...brokers.map((host) =>
      Buffer.concat([int32(1), text(host), int32(9092), Buffer.from([0]), Buffer.from([0])]),
    ),
    text(clusterId),
    int32(1),
    Buffer.from([2, errorCode >> 8, errorCode & 0xff]),
    text("user_events"),
    Buffer.from(ID, "hex"),
    Buffer.from([0, 1, 1]),
  ]);
}

test("readTopicId() gives the id as a UUID when names have any length", () => {
  for (const host of ["a", "broker-1.example.org", "x".repeat(120)]) {
    for (const brokers of [[host], [host, "other", host]]) {
      expect(readTopicId(response({ brokers, clusterId: host }))).toBe(
        "0f8fad5b-d9cb-469f-a165-70867728950e",
      );
    }
  }
});

test("readTopicId() gives nothing when the topic is unknown", () => {
  expect(readTopicId(response({ errorCode: 3 }))).toBeUndefined();
});
