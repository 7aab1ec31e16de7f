import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { readConfig } from "../lib/config.ts";
import { HOPS, reasonNotAsked } from "./optional-hops.ts";

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => void server.close());

const silent = { WORKER_PORT: "1" };
const ask = (environment: Record<string, string>, expected?: string) =>
  reasonNotAsked("worker", readConfig(environment), expected ? HOPS.read(expected) : undefined);

test("reasonNotAsked() asks a hop when something listens at its address", async () => {
  expect(await ask({ WORKER_PORT: String(port) })).toBeUndefined();
});

test("reasonNotAsked() says that nothing listens, and what starts it", async () => {
  expect(await ask(silent)).toBe("nothing listens at 127.0.0.1:1; `bun run up worker` starts it");
});

test("reasonNotAsked() asks a hop whose address is set, whether it answers or not", async () => {
  expect(await ask({ WORKER_URL: "http://127.0.0.1:1" })).toBeUndefined();
  expect(await ask({ WORKER_URL: "http://127.0.0.1:1" }, "trino")).toBeUndefined();
});

test("reasonNotAsked() asks just the expected hops when --expect is given", async () => {
  expect(await ask(silent, "worker")).toBeUndefined();
  expect(await ask(silent, "all")).toBeUndefined();
  const running = { WORKER_PORT: String(port) };
  expect(await ask(running, "trino,summary")).toBe("--expect does not name it");
  expect(await ask(running, "none")).toBe("--expect does not name it");
});

test("HOPS reads names with commas between, all and none, and nothing else", () => {
  expect(HOPS.read("trino, worker")).toEqual(new Set(["trino", "worker"]));
  expect(HOPS.read("all")?.size).toBe(4);
  expect(HOPS.read("none")?.size).toBe(0);
  for (const wrong of ["page", "trino,", "", "toString"]) expect(HOPS.read(wrong)).toBeUndefined();
});
