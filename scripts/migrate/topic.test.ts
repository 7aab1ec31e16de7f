import { expect, test } from "bun:test";
import { readConfig } from "../lib/config.ts";
import { differences, isOursButCompacted, staleRetention, topicSettings } from "./topic.ts";

const settingsOf = (environment: Record<string, string>) => topicSettings(readConfig(environment));

test("topicSettings() keeps by time and by bytes, in segments that are a small part of either", () => {
  const settings = settingsOf({});
  expect(settings["retention.ms"]).toBe(String(168 * 3_600_000));
  expect(settings["retention.bytes"]).toBe("1073741824");
  expect(Number(settings["segment.bytes"]) * 8).toBeLessThanOrEqual(1_073_741_824);
  expect(Number(settings["segment.ms"]) * 24).toBeLessThanOrEqual(168 * 3_600_000);
  expect(settings["max.message.bytes"]).toBe("4194304");
});

test("topicSettings() stays within what Kafka accepts when little is kept", () => {
  const settings = settingsOf({ KAFKA_RETENTION_BYTES: "1000", KAFKA_RETENTION_HOURS: "1" });
  expect(settings["segment.bytes"]).toBe("1048576");
  expect(settings["max.message.bytes"]).toBe("1048576");
  expect(settings["segment.ms"]).toBe("150000");
});

test("topicSettings() wants two copies before an answer when there are three, and else leaves it to Kafka", () => {
  const wanted = (copies: string) =>
    settingsOf({ KAFKA_REPLICATION_FACTOR: copies })["min.insync.replicas"];
  expect(["1", "2", "3", "5"].map(wanted)).toEqual([undefined, undefined, "2", "2"]);
});

test("differences() is empty when the topic is as it should be", () => {
  const config = readConfig({});
  expect(differences(config, 4, new Map(Object.entries(topicSettings(config))))).toEqual([]);
});

test("differences() names each setting and too many partitions when they differ", () => {
  const config = readConfig({});
  const actual = new Map(Object.entries({ ...topicSettings(config), "retention.ms": "1" }));
  expect(differences(config, 6, actual)).toEqual([
    "it has 6 partitions and KAFKA_PARTITIONS is 4; partitions are never taken away",
    "retention.ms is 1 and should be 604800000",
  ]);
});

test("isOursButCompacted() is true only when every other setting is as wanted", () => {
  const config = readConfig({});
  const compacted = { ...topicSettings(config), "cleanup.policy": "compact" };
  const isOurs = (settings: Record<string, string>) =>
    isOursButCompacted(config, new Map(Object.entries(settings)));
  expect(isOurs(compacted)).toBe(true);
  expect(isOurs({ ...compacted, "retention.ms": "-1" })).toBe(false);
});

test("staleRetention() names what follows from another retention, and nothing else", () => {
  const config = readConfig({ KAFKA_RETENTION_HOURS: "24" });
  const before = { ...topicSettings(readConfig({})), "cleanup.policy": "compact" };
  expect(staleRetention(config, new Map(Object.entries(before)))).toEqual({
    "retention.ms": "86400000",
    "segment.ms": "3600000",
  });
  expect(staleRetention(config, new Map(Object.entries(topicSettings(config))))).toEqual({});
});
