import { expect, test } from "bun:test";
import { freePorts, isFree } from "./free-ports.ts";

test("freePorts() gives as many as are asked for, free, and none that a connection may take", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
  expect(Math.max(...ports)).toBeLessThan(32_768);
});
