import { expect, test } from "bun:test";
import { judgeRoom } from "./disk-room.ts";

const MB = 1_000_000;
const GB = 1_000 * MB;

test("judgeRoom() calls a twentieth of the disk little, within 1 GiB and 10 GiB", () => {
  const stateOf = (diskBytes: number, freeBytes: number) => judgeRoom(diskBytes, freeBytes).state;
  expect([stateOf(100 * GB, 5.1 * GB), stateOf(100 * GB, 4.9 * GB)]).toEqual(["enough", "low"]);
  expect([stateOf(2 * GB, 1.1 * GB), stateOf(2 * GB, 1 * GB)]).toEqual(["enough", "low"]);
  expect([stateOf(9_000 * GB, 11 * GB), stateOf(9_000 * GB, 10 * GB)]).toEqual(["enough", "low"]);
});

test("judgeRoom() says that the room is gone when nothing could start", () => {
  expect(judgeRoom(100 * GB, 60 * MB).state).toBe("gone");
  expect(judgeRoom(100 * GB, 70 * MB).state).toBe("low");
});
