import { expect, test } from "bun:test";
import { join } from "node:path";
import { freePorts, isFree } from "./free-ports.ts";

test("freePorts() gives as many as are asked for, free, and none that a connection may take", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test("freePorts() stays away from the ports that another process finds at the same time", async () => {
  const program = `
    import { join } from "node:path";
import { freePorts } from ${JSON.stringify(join(import.meta.dir, "free-ports.ts"))};
    console.log(JSON.stringify(await freePorts(60)));`;
  const find = () => Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  const others = [find(), find(), find()];
  const found = await Promise.all(others.map(({ stdout }) => new Response(stdout).json()));
  expect(new Set([...found.flat(), ...(await freePorts(60))]).size).toBe(240);
});
