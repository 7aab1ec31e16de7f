import { expect, test } from "bun:test";
import { takeUpsIn } from "./take-ups.ts";

const line = (message: string, properties: object) =>
  JSON.stringify({ level: "INFO", message, logger: "consume", properties });

test("takeUpsIn() finds each take-up among other lines, and passes over one that is cut", () => {
  const first = { partition: 0, ids: 2_000_000, durationMs: 12 };
  const second = { partition: 3, ids: 0, durationMs: 1 };
  const message = "Took the index of event ids up";
  const log = [
    line("Joined the group", { topic: "long", partitions: [0, 3] }),
    line(message, first),
    "not JSON",
    line(message, second),
    line(message, first).slice(0, -10),
  ].join("\n");
  expect(takeUpsIn(log)).toEqual([first, second]);
});
