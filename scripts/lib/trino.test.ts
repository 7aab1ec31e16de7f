import { afterEach, expect, test } from "bun:test";
import { readConfig } from "./config.ts";
import { queryRows } from "./trino.ts";
import { TrinoUnreachable } from "./trino-address.ts";

const servers: Bun.Server<undefined>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A pretended Trino that answers each request with the next of `answers`, and what it was asked. */
function pretend(answers: (origin: string) => object[]) {
  const asked: string[] = [];
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ method, url }) {
      asked.push(`${method} ${new URL(url).pathname}`);
      return Response.json(answers(server.url.origin)[asked.length - 1] ?? {});
    },
  });
  servers.push(server);
  return { asked, origin: server.url.origin };
}

test("queryRows() follows the pages of Trino's own address", async () => {
  const columns = [{ name: "a", type: "integer" }];
  const { origin, asked } = pretend((own) => [
    { id: "1", nextUri: `${own}/next` },
    { id: "1", columns, data: [[1]] },
  ]);
  const rows = await queryRows(readConfig({ TRINO_URL: `${origin}/` }), "select 1");
  expect(rows).toEqual([{ a: 1 }]);
  expect(asked).toEqual(["POST /v1/statement", "GET /next"]);
});

test("queryRows() neither reads nor cancels at another address than Trino's", async () => {
  const stranger = pretend(() => []);
  for (const elsewhere of [stranger.origin, stranger.origin.replace("127.0.0.1", "localhost")]) {
    const { origin, asked } = pretend((own) => [
      { id: "1", nextUri: `${own}/next` },
      { id: "1", nextUri: `${elsewhere}/next` },
    ]);
    const failure = queryRows(readConfig({ TRINO_URL: origin }), "select 1");
    await expect(failure).rejects.toBeInstanceOf(TrinoUnreachable);
    await expect(failure).rejects.toThrow(
      `Cannot query Trino at ${origin}: it sends on to ${elsewhere}, which gets no password`,
    );
    expect(asked).toEqual(["POST /v1/statement", "GET /next", "DELETE /next"]);
  }
  expect(stranger.asked).toEqual([]);
});

test("queryRows() refuses a first page that leads elsewhere, or nowhere", async () => {
  const nextUris = { "http://127.0.0.1:1/next": "http://127.0.0.1:1", "/v1/next": "/v1/next" };
  for (const [nextUri, named] of Object.entries(nextUris)) {
    const { origin, asked } = pretend(() => [{ id: "1", nextUri }]);
    await expect(queryRows(readConfig({ TRINO_URL: origin }), "select 1")).rejects.toThrow(
      `it sends on to ${named}, which`,
    );
    expect(asked).toEqual(["POST /v1/statement"]);
  }
});
