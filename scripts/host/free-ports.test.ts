import { expect, test } from "bun:test";
import { join } from "node:path";
import { freePorts, isFree } from "./free-ports.ts";

test("freePorts() gives as many as are asked for, free, and none that a connection may take", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test("freePorts() gives no port twice, since a program may listen on it later", async () => {
  const found: number[] = [];
  for (let time = 0; time < 10; time++) {
    const [some, others] = await Promise.all([freePorts(20), freePorts(20)]);
    found.push(...some, ...others);
  }
  expect(new Set(found).size).toBe(400);
});

test("freePorts() stays away from the ports that another process finds at the same time", async () => {
  const program = `
    import { freePorts } from ${JSON.stringify(join(import.meta.dir, "free-ports.ts"))};
    console.log(JSON.stringify(await freePorts(60)));
    await Bun.stdin.text();`;
  const others = [1, 2, 3].map(() =>
    Bun.spawn([process.execPath, "-e", program], { stdin: "pipe", stdout: "pipe" }),
  );
  // The first line of each, so that none has ended before the others look.
  const lines = others.map(async ({ stdout }) => (await stdout.getReader().read()).value);
  const found = (await Promise.all(lines)).map((line) => JSON.parse(String(Buffer.from(line!))));
  for (const { stdin } of others) stdin.end();
  await Promise.all(others.map(({ exited }) => exited));
  expect(new Set([...found.flat(), ...(await freePorts(60))]).size).toBe(240);
});
