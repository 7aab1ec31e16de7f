import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { readConfig } from "../scripts/lib/config.ts";
import { drainWorker } from "./nodes.ts";

const SECRET = "a secret that all nodes share, of 40 signs";

/** A pretended worker that answers each request with `status`, and what it was asked. */
function pretend(status: number) {
  const asked: { path: string; token: string; body: string }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      asked.push({
        path: `${request.method} ${new URL(request.url).pathname}`,
        token: request.headers.get("x-trino-internal-bearer") ?? "",
        body: await request.text(),
      });
      return new Response("said the worker", { status });
    },
  });
  const config = readConfig({
    TRINO_SHARED_SECRET: SECRET,
    TRINO_WORKER_PORT: String(server.port),
  });
  return { asked, config, server };
}

test("drainWorker() signs its request as a node does, with the hash of the shared secret", async () => {
  const { asked, config, server } = pretend(200);
  await drainWorker(config);
  await server.stop(true);
  expect(asked).toMatchObject([{ path: "PUT /v1/info/state", body: '"SHUTTING_DOWN"' }]);
  const [header, payload, signature] = asked[0]!.token.split(".");
  const key = createHash("sha256").update(SECRET).digest();
  const expected = createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url");
  expect(signature).toBe(expected);
  const { sub, exp } = JSON.parse(Buffer.from(payload!, "base64url").toString());
  expect(sub).toBe("platform");
  expect(exp * 1_000).toBeGreaterThan(Date.now());
});

test("drainWorker() says what the worker answers when it refuses", async () => {
  const { config, server } = pretend(401);
  await expect(drainWorker(config)).rejects.toThrow(
    "Cannot drain the worker: it answers 401 said the worker",
  );
  await server.stop(true);
});
