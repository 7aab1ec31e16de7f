/**
 * The Worker of a deployment, in Cloudflare's runtime, over the real origin and PostgreSQL: its
 * answers to programs and browsers, header by header.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { summarySchema } from "../schema/summary.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { burst } from "./harness/burst.ts";
import { runOrThrow } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";
import { TestWorker } from "./harness/worker.ts";

setDefaultTimeout(180_000);

const EVENTS = 2_000;
const READERS = 1_000;
const PNG = [0x89, 0x50, 0x4e, 0x47];

let stack: Stack;
let worker: TestWorker;
beforeAll(async () => {
  stack = await startStack({ services: ["consumer", "summary"] });
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--count", `${EVENTS}`, "--rate", "0"]);
  worker = await startWorker();
});
afterAll(async () => {
  await worker?.remove();
  await stack?.stop();
});

function startWorker(changes: { secret?: string; limitsClients?: boolean } = {}) {
  const { SUMMARY_PORT, SUMMARY_SECRET } = stack.config;
  return TestWorker.start({
    originUrl: `http://127.0.0.1:${SUMMARY_PORT}`,
    secret: SUMMARY_SECRET!,
    supersetUrl: "https://dashboard.example",
    ...changes,
  });
}

/** How often the origin has answered for its summary, by its own metrics. */
async function originAnswers(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${stack.config.SUMMARY_PORT}/metrics`, {
    headers: { authorization: `Bearer ${stack.config.SUMMARY_SECRET}` },
  });
  const lines = (await response.text())
    .split("\n")
    .filter((line) => line.startsWith("rtdp_summary_requests_total") && line.includes("/summary"));
  return sum(lines.map((line) => Number(line.split(" ").at(-1))));
}

test("/api/summary gives the numbers of the tables, as the contract says", async () => {
  const summary = await until("all events are in the summary", 60_000, async () => {
    const found = await worker.summary();
    if (found.events < EVENTS) throw new Error(`${found.events} are`);
    return found;
  });
  expect(summary).toMatchObject({ events: EVENTS, stale: false });
  expect(summary.ledger).toMatchObject({ stored: EVENTS, counted: EVENTS, state: "exact" });
  const { age_s, stale, ...rest } = summary;
  expect(summarySchema.strict().safeParse(rest).success).toBe(true);
  expect(age_s).toBeGreaterThanOrEqual(0);
});

test("/api/summary says no less than the age of its numbers, and hardly more", async () => {
  let leastMs = Number.POSITIVE_INFINITY;
  // A slow answer is reported as older than it is, and renewed later.
  await until("the age of a copy is right to half a second", 20_000, async () => {
    const askedAtMs = Date.now();
    const { as_of, age_s } = await worker.summary();
    const ageMs = age_s * 1_000;
    leastMs = Math.min(leastMs, ageMs - (askedAtMs - Date.parse(as_of)));
    const moreMs = ageMs - (Date.now() - Date.parse(as_of));
    if (ageMs < 1_000) throw new Error("the copy is new");
    if (moreMs > 500) throw new Error(`it says ${moreMs} ms more`);
  });
  expect(leastMs).toBeGreaterThanOrEqual(0);
});

test("1,000 readers at once of a cold Worker are one question to the origin", async () => {
  const cold = await startWorker();
  try {
    const before = await originAnswers();
    const { statuses, stale, tookMs } = await burst(`${cold.url}/api/summary`, READERS);
    expect({ statuses, stale }).toEqual({ statuses: { 200: READERS }, stale: 0 });
    const asked = (await originAnswers()) - before;
    expect(asked).toBeGreaterThanOrEqual(1);
    // The copy is renewed when it is 2 s old.
    expect(asked).toBeLessThanOrEqual(1 + Math.floor(tookMs / 2_000));
  } finally {
    await cold.remove();
  }
});

test("/api/summary may be read and kept by anyone who asks each time whether it holds", async () => {
  const { status, headers } = await worker.get("/api/summary");
  expect(status).toBe(200);
  expect(Object.fromEntries(headers)).toMatchObject({
    "content-type": "application/json",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": expect.stringContaining("ETag"),
    "cache-control": "public, no-cache",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    age: expect.stringMatching(/^\d+$/),
    etag: expect.stringMatching(/^W\/"[0-9a-f]{24}"$/),
    "server-timing": expect.stringMatching(/^keeper;desc="[^"]+";dur=\d+, origin;.*dur=\d+$/),
  });
});

test("/api/summary sends nothing to who has it already, but says its age", async () => {
  await until("two requests meet the same copy", 20_000, async () => {
    const etag = (await worker.get("/api/summary")).headers.get("etag")!;
    const again = await worker.get("/api/summary", { headers: { "if-none-match": etag } });
    if (again.status !== 304) throw new Error(`the second was answered ${again.status}`);
    expect(again.headers.get("etag")).toBe(etag);
    expect(again.headers.get("age")).toMatch(/^\d+$/);
    expect(await again.text()).toBe("");
  });
});

test("a browser may ask for another site's page, and learns before that nothing else is answered", async () => {
  const preflight = await worker.get("/api/summary", {
    method: "OPTIONS",
    headers: { origin: "https://other.example", "access-control-request-method": "GET" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
  expect(preflight.headers.get("access-control-allow-methods")).toBe("GET,HEAD,OPTIONS");
  const other = await worker.get("/", { method: "OPTIONS" });
  expect({ status: other.status, allow: other.headers.get("allow") }).toEqual({
    status: 204,
    allow: "GET, HEAD, OPTIONS",
  });
});

test("HEAD is answered as GET without the body", async () => {
  for (const path of ["/api/summary", "/", "/embed", "/badge.svg", "/preview.png"]) {
    const got = await worker.get(path);
    const head = await worker.get(path, { method: "HEAD" });
    expect({ path, status: head.status }).toEqual({ path, status: 200 });
    expect(head.headers.get("content-type")).toBe(got.headers.get("content-type"));
    expect(await head.text()).toBe("");
  }
});

test("the pages name all they may load, and only the frame may be framed", async () => {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors";
  const page = await worker.get("/");
  expect(page.headers.get("content-security-policy")).toBe(`${policy} 'none'`);
  // Other hosts of the owner's domain are not affected, and no copy from a history looks new.
  expect(page.headers.get("strict-transport-security")).toBe("max-age=15552000");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("x-frame-options")).toBe("DENY");
  expect(page.headers.get("server-timing")).toContain("keeper;");
  const frame = await worker.get("/embed");
  expect(frame.headers.get("content-security-policy")).toBe(`${policy} *`);
  expect(frame.headers.get("x-frame-options")).toBeNull();
  const document = await page.text();
  expect(document).toContain("https://dashboard.example");
  for (const [, path] of document.matchAll(/<(?:link|script)\b[^>]*\b(?:href|src)="(\/[^"]*)"/g)) {
    const file = await worker.get(path!);
    expect({ path, status: file.status }).toEqual({ path, status: 200 });
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("the badge and the picture are made of the numbers, for any site to show", async () => {
  const badge = await worker.get("/badge.svg");
  expect(badge.headers.get("content-type")).toBe("image/svg+xml");
  expect(badge.headers.get("cache-control")).toBe("public, max-age=60");
  const { events_today } = await worker.summary();
  expect(await badge.text()).toContain(`events today: ${events_today.toLocaleString("en")}`);
  const picture = await worker.get("/preview.png");
  expect(picture.headers.get("content-type")).toBe("image/png");
  expect(picture.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
  expect([...(await picture.bytes()).slice(0, PNG.length)]).toEqual(PNG);
});

test("what is not there is 404, to programs as JSON and to people as a page", async () => {
  const program = await worker.get("/nothing");
  expect(program.status).toBe(404);
  expect(await program.json()).toEqual({ error: "Cannot find /nothing" });
  const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const person = await worker.get("/nothing", { headers: { accept } });
  expect(person.status).toBe(404);
  expect(person.headers.get("content-type")).toStartWith("text/html");
  expect(person.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(program.headers.get("cache-control")).toBe("no-store");
  expect(person.headers.get("cache-control")).toBe("no-store");
});

test("no other method is answered", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    for (const path of ["/api/summary", "/", "/nothing", "/healthz"]) {
      const { status, headers } = await worker.get(path, { method });
      expect({ method, path, status }).toEqual({ method, path, status: 405 });
      expect(headers.get("allow")).toBe("GET, HEAD, OPTIONS");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  }
});

test("a client that asks more often than 30 pages do is told to wait, and others are not", async () => {
  const limited = await startWorker({ limitsClients: true });
  let answered = 0;
  const askAs = (client: string) =>
    limited.get("/api/summary", { headers: { "cf-connecting-ip": client } });
  try {
    const answer = await until(
      "the limit is reached",
      60_000,
      async () => {
        const response = await askAs("192.0.2.1");
        if (response.status !== 200) return response;
        answered++;
        throw new Error(`not after ${answered} requests`);
      },
      { intervalMs: 0 },
    );
    expect(answer.status).toBe(429);
    expect(answered).toBeGreaterThanOrEqual(30 * 20);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await askAs("192.0.2.2")).status).toBe(200);
  } finally {
    await limited.remove();
  }
});

test("with another secret than the origin's, nothing is published and the log says why", async () => {
  const wrong = await startWorker({ secret: "some secret that the origin has never seen" });
  try {
    const response = await wrong.get("/api/summary");
    expect(response.status).toBe(503);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(wrong.log.join()).toContain("SUMMARY_SECRET differs");
  } finally {
    await wrong.remove();
  }
});

test("the runtime here is the one that the deployment tool was made with", async () => {
  const versions = await Promise.all(
    [join(ROOT, "package.json"), join(ROOT, "node_modules/wrangler/package.json")].map(
      async (path) => (await Bun.file(path).json()).dependencies.miniflare,
    ),
  );
  expect(versions[0]).toBe(versions[1]);
});
