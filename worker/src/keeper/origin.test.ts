import { afterAll, expect, test } from "bun:test";
import { Origin } from "./origin.ts";

const asked: { path: string; headers: Headers }[] = [];
let answer = () => new Response();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => {
    asked.push({ path: new URL(request.url).pathname, headers: request.headers });
    return answer();
  },
});
afterAll(() => server.stop(true));

const url = `http://127.0.0.1:${server.port}`;
const picture = (bytes: number) => () =>
  new Response(new Uint8Array(bytes), { headers: { "content-type": "image/png" } });

test("preview() shows the service token for Cloudflare Access only when there is one", async () => {
  answer = picture(10);
  await new Origin({ url, secret: "s" }).preview();
  await new Origin({ url, secret: "s", accessClientId: "id", accessClientSecret: "t" }).preview();
  const [without, having] = asked.slice(-2).map(({ headers }) => headers);
  expect(without?.has("cf-access-client-id")).toBe(false);
  expect(without?.has("cf-access-client-secret")).toBe(false);
  expect(having?.get("cf-access-client-id")).toBe("id");
  expect(having?.get("cf-access-client-secret")).toBe("t");
});

test("preview() keeps the path of the origin's address, with or without a slash at its end", async () => {
  answer = picture(10);
  for (const ending of ["", "/"]) {
    await new Origin({ url: `${url}/a/b${ending}`, secret: "s" }).preview();
    expect(asked.at(-1)?.path).toBe("/a/b/preview.png");
  }
});

test("preview() takes 512 KiB and no more", async () => {
  const origin = new Origin({ url, secret: "s" });
  answer = picture(512 * 1024);
  expect((await origin.preview()).value.bytes).toHaveLength(512 * 1024);
  answer = picture(512 * 1024 + 1);
  await expect(origin.preview()).rejects.toThrow("it sends more than 524288 bytes");
});

test("preview() names the same picture by the same tag, and another by another", async () => {
  const origin = new Origin({ url, secret: "s" });
  answer = picture(10);
  const [first, again] = [await origin.preview(), await origin.preview()];
  answer = picture(11);
  expect(again.value.tag).toBe(first.value.tag);
  expect((await origin.preview()).value.tag).not.toBe(first.value.tag);
});

test("preview() says who refuses it", async () => {
  const origin = new Origin({ url, secret: "s" });
  answer = () => new Response(null, { status: 401 });
  await expect(origin.preview()).rejects.toThrow("SUMMARY_SECRET differs");
  answer = () => new Response(null, { status: 403 });
  await expect(origin.preview()).rejects.toThrow("Cloudflare Access");
});
