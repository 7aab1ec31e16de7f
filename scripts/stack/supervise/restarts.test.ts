import { expect, test } from "bun:test";
import { restartsIn } from "./restarts.ts";

const line = (time: string, event: string) => `2026-11-29 ${time},250 WARN ${event}`;

test("restartsIn() counts the ends that nobody asked for, with the last one's reason and time", () => {
  const log = [
    line("10:00:00", "supervisord started with pid 7"),
    line("10:00:01", "spawned: 'kafka' with pid 8"),
    line("10:00:05", "exited: kafka (exit status 1; not expected)"),
    line("10:00:06", "spawned: 'kafka' with pid 9"),
    line("10:01:00", "exited: kafka (terminated by SIGKILL; not expected)"),
    line("10:02:00", "stopped: trino (exit status 143)"),
  ].join("\n");
  expect([...restartsIn(log)]).toEqual([
    [
      "kafka",
      {
        count: 2,
        lastMs: new Date(2026, 10, 29, 10, 1, 0, 250).getTime(),
        reason: "terminated by SIGKILL",
      },
    ],
  ]);
});

test("restartsIn() forgets what happened before supervisord started", () => {
  const log = [
    line("09:00:00", "exited: kafka (exit status 1; not expected)"),
    line("10:00:00", "supervisord started with pid 7"),
  ].join("\n");
  expect(restartsIn(log).size).toBe(0);
});
