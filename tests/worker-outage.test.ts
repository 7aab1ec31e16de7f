/** The Worker over an origin that is overloaded, down or misbehaving: readers never notice. */
import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { AGE_HEADER } from "../schema/summary.ts";
import { until } from "../scripts/lib/wait.ts";
import { burst } from "./harness/burst.ts";
import { FakeOrigin } from "./harness/fake-origin.ts";
import { TestWorker } from "./harness/worker.ts";

setDefaultTimeout(120_000);

const FRESH_MS = 2_000;
const STALE_S = 10;
const READERS = 1_000;

const origins: FakeOrigin[] = [];
const workers: TestWorker[] = [];

async function startPair(secret = FakeOrigin.SECRET) {
  const origin = new FakeOrigin();
  origins.push(origin);
  const worker = await TestWorker.start({ originUrl: origin.url, secret });
  workers.push(worker);
  return { origin, worker };
}

type Pair = Awaited<ReturnType<typeof startPair>>;

const removeAll = async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.remove()));
  await Promise.all(origins.splice(0).map((origin) => origin.stop()));
};
afterEach(removeAll);
afterAll(removeAll);

const failing = () => new Response("told to fail", { status: 500 });

/** In this time a good copy becomes old enough to be renewed once more. */
const renewalsIn = (ms: number) => 1 + Math.floor(ms / FRESH_MS);

/** Lets the copy grow older than this, which happens while no newer one is available. */
const untilOlder = (worker: TestWorker, seconds: number) =>
  until(`the copy is older than ${seconds} s`, 30_000, async () => {
    const summary = await worker.summary();
    if (summary.age_s <= seconds) throw new Error(`it is ${summary.age_s} s old`);
    return summary;
  });

test("1,000 readers at once are answered by one question to the origin, cold and later", async () => {
  const { origin, worker } = await startPair();
  origin.answer = async () => {
    await Bun.sleep(200);
    return origin.good();
  };
  const cold = await burst(`${worker.url}/api/summary`, READERS);
  expect(cold).toMatchObject({ statuses: { 200: READERS }, stale: 0 });
  expect(origin.requests).toBeLessThanOrEqual(renewalsIn(cold.tookMs));

  origin.answer = failing;
  await untilOlder(worker, FRESH_MS / 1_000);
  origin.answer = () => origin.good();
  const asked = origin.requests;
  const later = await burst(`${worker.url}/api/summary`, READERS);
  expect(later).toMatchObject({ statuses: { 200: READERS }, stale: 0 });
  expect(origin.requests - asked).toBeLessThanOrEqual(renewalsIn(later.tookMs));
});

test("1,000 readers at once get the last good copy with its age while the origin is down", async () => {
  const { origin, worker } = await startPair();
  const { as_of } = await worker.summary();
  await origin.stop();
  await until("the copy is stale", 30_000, async () => {
    const summary = await worker.summary();
    const ageSeconds = (Date.now() - Date.parse(as_of)) / 1_000;
    expect(summary.as_of).toBe(as_of);
    expect(summary.stale).toBe(summary.age_s > STALE_S);
    expect(Math.abs(summary.age_s - ageSeconds)).toBeLessThan(1);
    if (!summary.stale) throw new Error(`it is ${summary.age_s} s old`);
  });
  const { statuses, bodies, ages, stale } = await burst(`${worker.url}/api/summary`, READERS);
  expect({ statuses, stale }).toEqual({ statuses: { 200: READERS }, stale: READERS });
  expect(bodies).toHaveLength(1);
  expect(ages.least).toBeGreaterThan(STALE_S);
  expect((await worker.get("/")).status).toBe(200);
  // Logged once, however often the load was tried.
  expect(worker.log.filter((line) => line.includes("Cannot read the summary"))).toHaveLength(1);
});

test("1,000 readers at once of a stale copy are one question to an origin that is back", async () => {
  const { origin, worker } = await startPair();
  const old = await worker.summary();
  await origin.stop();
  await untilOlder(worker, STALE_S);
  expect((await worker.summary()).stale).toBe(true);
  const asked = origin.requests;
  origin.answer = async () => {
    await Bun.sleep(200);
    return origin.good();
  };
  origin.start();
  const { statuses, tookMs } = await burst(`${worker.url}/api/summary`, READERS);
  expect(statuses).toEqual({ 200: READERS });
  expect(origin.requests - asked).toBeLessThanOrEqual(renewalsIn(tookMs));
  const { as_of } = await until("the copy is fresh again", 10_000, async () => {
    const summary = await worker.summary();
    if (summary.stale) throw new Error(`it is ${summary.age_s} s old`);
    return summary;
  });
  expect(as_of > old.as_of).toBe(true);
});

/** Faults of an origin, and the expected line in the log. */
const faults: Record<
  string,
  { said: string; answer(origin: FakeOrigin): Response | Promise<Response> }
> = {
  "answers 500": { said: "it answers 500", answer: failing },
  "does not know the secret": {
    said: "SUMMARY_SECRET differs",
    answer: () => new Response(null, { status: 401 }),
  },
  "sends garbage": {
    said: "not JSON",
    answer: () => jsonAnswer('{"version":1,'),
  },
  "sends a page": {
    said: "it sends text/html instead of application/json",
    answer: () => new Response("<h1>Hello</h1>", { headers: { "content-type": "text/html" } }),
  },
  "sends another schema": {
    said: "is no summary: version",
    answer: (origin) => origin.good({ version: 2 }),
  },
  "sends counts that do not add up": {
    said: "the counts by type do not add up",
    answer: (origin) => origin.good({ events: 7 }),
  },
  "does not say its age": {
    said: `does not say its age in ${AGE_HEADER}`,
    answer: async (origin) => Response.json(await origin.good().json()),
  },
  "sends 10 MB": {
    said: "more than 262144 bytes",
    answer: () => jsonAnswer(`"${"x".repeat(10 * 1024 * 1024)}"`),
  },
  "sends its visitors to a login": {
    said: "sends its visitors to login.example, as Cloudflare Access does",
    answer: () => Response.redirect("https://login.example/?token=private", 302),
  },
  "does not answer": { said: "time", answer: () => new Promise<never>(() => {}) },
  "does not end its answer": {
    said: "time",
    answer: () => jsonAnswer(new ReadableStream({ pull: () => new Promise(() => {}) })),
  },
};

const jsonAnswer = (body: BodyInit) =>
  new Response(body, { headers: { "content-type": "application/json", [AGE_HEADER]: "0" } });

test("an origin that misbehaves replaces no good copy, and the log says what it did", async () => {
  const { origin, worker } = await startPair();
  for (const [name, { said, answer }] of Object.entries(faults)) {
    origin.answer = () => origin.good();
    const good = await until(`the origin is well before it ${name}`, 20_000, async () => {
      const summary = await worker.summary();
      if (Date.now() - Date.parse(summary.as_of) > 1_000) throw new Error("the copy is old");
      return summary;
    });
    origin.answer = () => answer(origin);
    worker.log.length = 0;
    await until(`the log says of the origin that it ${name}`, 20_000, async () => {
      const summary = await worker.summary();
      expect(summary.as_of).toBe(good.as_of);
      if (!worker.log.some((line) => line.includes(said))) throw new Error(worker.log.join("; "));
    });
    expect(worker.log.join()).not.toContain(FakeOrigin.SECRET);
    expect(worker.log.join()).not.toContain("private");
  }
});

test("with no copy at all, a program gets 503, a person a page, and nobody keeps it", async () => {
  const { worker } = await startPair("not the secret of the origin");
  await worker.stop();
  origins[0]!.answer = ({ headers }) =>
    headers.get("authorization") === `Bearer ${FakeOrigin.SECRET}`
      ? origins[0]!.good()
      : new Response(null, { status: 401 });
  await worker.start();
  for (const path of ["/api/summary", "/preview.png", "/"]) {
    const response = await worker.get(path);
    expect({ path, status: response.status }).toEqual({ path, status: 503 });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await worker.get("/")).headers.get("content-type")).toStartWith("text/html");
  const badge = await worker.get("/badge.svg");
  expect(badge.headers.get("cache-control")).toBe("no-store");
  expect(await badge.text()).toContain("no data");
  expect(worker.log.join()).toContain("SUMMARY_SECRET");
});

test("a restart of the runtime restores the last good copies", async () => {
  const { origin, worker } = await startPair();
  const picture = new Uint8Array(300_000).fill(7);
  origin.answer = ({ url }) =>
    url.endsWith(".png")
      ? new Response(picture, { headers: { "content-type": "image/png" } })
      : origin.good();
  const { as_of } = await worker.summary();
  expect(await (await worker.get("/preview.png")).bytes()).toEqual(picture);
  await origin.stop();
  await worker.stop();
  await worker.start();
  expect(await worker.summary()).toMatchObject({ as_of });
  expect(await (await worker.get("/preview.png")).bytes()).toEqual(picture);
});

/**
 * Returns the result of an attempt during which the copy stayed fresh. On a busy machine that may
 * take another Worker.
 */
const whileFresh = <Result>(attempt: (pair: Pair) => Promise<Result>) =>
  until("the machine is quick enough", 40_000, async () => {
    const pair = await startPair();
    const startedAtMs = performance.now();
    const result = await attempt(pair);
    const tookMs = performance.now() - startedAtMs;
    if (tookMs >= FRESH_MS) throw new Error(`it took ${tookMs} ms`);
    return result;
  });

test("the clock that wakes the Worker fills its copies, so that the first reader waits for nothing", async () => {
  const { woken, requests, timing } = await whileFresh(async ({ origin, worker }) => {
    await worker.wake();
    const woken = origin.asked.map(({ path }) => path).sort();
    const { headers } = await worker.get("/api/summary");
    return { woken, requests: origin.requests, timing: headers.get("server-timing") };
  });
  expect(woken).toEqual(["/preview.png", "/summary"]);
  expect(requests).toBe(1);
  expect(timing).toMatch(/^keeper;desc="[^"]+";dur=0,/);
});

test("a reader who leaves takes nothing from those who come after", async () => {
  const { gone, requests } = await whileFresh(async ({ origin, worker }) => {
    const { promise: isAsked, resolve: noteAsked } = Promise.withResolvers<void>();
    origin.answer = async () => {
      noteAsked();
      await Bun.sleep(300);
      return origin.good();
    };
    const leaving = new AbortController();
    const left = worker.get("/api/summary", { signal: leaving.signal }).catch(() => "left");
    await isAsked;
    leaving.abort();
    const gone = await left;
    await worker.summary();
    return { gone, requests: origin.requests };
  });
  expect({ gone, requests }).toEqual({ gone: "left", requests: 1 });
});

test("the origin is shown the secret, and no visitor's header", async () => {
  const { origin, worker } = await startPair();
  await worker.get("/api/summary", { headers: { cookie: "a=b", "x-forwarded-for": "1.2.3.4" } });
  const [{ headers }] = origin.asked as [(typeof origin.asked)[number]];
  expect(headers.get("authorization")).toBe(`Bearer ${FakeOrigin.SECRET}`);
  expect(headers.get("cookie")).toBeNull();
  expect(headers.get("x-forwarded-for")).toBeNull();
});
