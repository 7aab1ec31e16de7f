import { expect, test } from "bun:test";
import { publicWords } from "./presence.ts";

test("publicWords() names what counting waits for, without details for the operator", () => {
  expect(publicWords(undefined)).toBeNull();
  expect(publicWords("Kafka: no room on the disk")).toBe("Kafka: no room on the disk");
  expect(publicWords("its index of event ids, which lacks 7 records")).toBe(
    "its index of event ids",
  );
  expect(publicWords("a person: partition 0 stands at offset 3")).toBe("a person");
  expect(publicWords("Cannot go on with user_events: the topic has been deleted")).toBe("a person");
});
