import { describe, expect, test } from "bun:test";
import type { PageAssets } from "../view/head.ts";
import { createApp } from "./app.ts";
import { type Caches, createCaches } from "./caches.ts";

const TEXT = JSON.stringify({ version: 1, as_of: "2026-11-25T03:00:00.000Z", events_today: 5 });

interface AppOptions {
  ageMs?: number;
  isStale?: boolean;
  isLimited?: boolean;
  limit?: () => Promise<{ success: boolean }>;
}

/** The app over caches with values of that age. Other tests look at the page. */
function appWith(options: AppOptions = {}) {
  const { ageMs = 1_234, isStale = false, isLimited = false } = options;
  const { limit = async () => ({ success: !isLimited }) } = options;
  const summaries = {
    read: async () => ({ value: { text: TEXT, tag: "abc" }, ageMs, isStale }),
  } as Caches["summaries"];
  const previews = { read: async () => undefined } as unknown as Caches["previews"];
  const counted: string[] = [];
  const app = createApp({
    caches: { summaries, previews },
    clientLimit: {
      limit: ({ key }) => {
        counted.push(key);
        return limit();
      },
    },
    supersetUrl: undefined,
    assets: {} as PageAssets,
  });
  return { app, counted };
}

describe("/api/summary", () => {
  test("states the age in the body and in a header, never less than it is", async () => {
    const response = await appWith().app.request("/api/summary");
    expect(await response.json()).toMatchObject({ events_today: 5, age_s: 1.3, stale: false });
    expect(response.headers.get("age")).toBe("2");
    expect(response.headers.get("cache-control")).toBe("public, no-cache");
    expect(response.headers.get("server-timing")).toContain("dur=1234");
  });

  test("says that it is stale, with another tag", async () => {
    const fresh = await appWith().app.request("/api/summary");
    const stale = await appWith({ isStale: true }).app.request("/api/summary");
    expect(await stale.json()).toMatchObject({ stale: true });
    expect(stale.headers.get("etag")).not.toBe(fresh.headers.get("etag"));
  });

  for (const known of ['W/"abc"', '"abc"', 'W/"x", W/"abc"', "*"]) {
    test(`answers 304 with the age to a reader that has ${known}`, async () => {
      const { app } = appWith();
      const headers = { "if-none-match": known };
      const response = await app.request("/api/summary", { headers });
      expect(response.status).toBe(304);
      expect(await response.text()).toBe("");
      expect(response.headers.get("age")).toBe("2");
      expect(response.headers.get("etag")).toBe('W/"abc"');
      expect(response.headers.get("content-type")).toBeNull();
      expect(response.headers.get("cache-control")).toBe("public, no-cache");
      expect(response.headers.get("server-timing")).toContain("dur=1234");
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-expose-headers")).toContain("Age");
      expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    });
  }

  test("answers with the whole summary to a reader that has another", async () => {
    const headers = { "if-none-match": 'W/"abc-stale", W/"ab"' };
    expect((await appWith().app.request("/api/summary", { headers })).status).toBe(200);
  });
});

describe("the limit of requests", () => {
  const headers = { "cf-connecting-ip": "192.0.2.1" };

  test("answers 429 that no cache keeps, for every path", async () => {
    for (const path of ["/", "/api/summary", "/nothing"]) {
      const response = await appWith({ isLimited: true }).app.request(path, { headers });
      expect(response.status).toBe(429);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("retry-after")).toBe("60");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(await response.json()).toEqual({ error: expect.stringContaining("wait a minute") });
    }
  });

  test("answers 429 to a browser as a page with the headers of a page", async () => {
    for (const path of ["/", "/embed", "/nothing"]) {
      const response = await appWith({ isLimited: true }).app.request(path, {
        headers: { ...headers, accept: "text/html,application/xhtml+xml,*/*;q=0.8" },
      });
      expect(response.status).toBe(429);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": expect.stringMatching(/^text\/html/),
        "cache-control": "no-store",
        "retry-after": "60",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
      });
      expect(await response.text()).toContain("wait a minute");
    }
  });

  test("refuses nobody while counting fails, and logs that once", async () => {
    const { app } = appWith({ limit: () => Promise.reject(new Error("overloaded")) });
    const { warn } = console;
    const logged: string[] = [];
    console.warn = (message) => logged.push(message);
    try {
      for (const path of ["/api/summary", "/api/summary", "/api/summary"]) {
        expect((await app.request(path, { headers })).status).toBe(200);
      }
    } finally {
      console.warn = warn;
    }
    expect(logged).toEqual(["Cannot count the requests of clients: overloaded"]);
  });

  test("lets scripts of other sites read the refusal", async () => {
    const response = await appWith({ isLimited: true }).app.request("/api/summary", { headers });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-expose-headers")).toContain("Retry-After");
  });

  test("does not count the health check, nor a client without an address", async () => {
    const { app, counted } = appWith({ isLimited: true });
    expect((await app.request("/healthz", { headers })).status).toBe(200);
    expect((await app.request("/api/summary")).status).toBe(200);
    expect(counted).toEqual([]);
  });

  for (const [address, client] of [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::5", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ] as const) {
    test(`counts ${address} as ${client}`, async () => {
      const { app, counted } = appWith();
      await app.request("/api/summary", { headers: { "cf-connecting-ip": address } });
      expect(counted).toEqual([client]);
    });
  }
});

test("an internal error is written to the log only", async () => {
  const failing = createApp({
    caches: {
      summaries: {
        read: () => Promise.reject(new Error("private")),
      } as unknown as Caches["summaries"],
      previews: {} as Caches["previews"],
    },
    clientLimit: undefined,
    supersetUrl: undefined,
    assets: {} as PageAssets,
  });
  const { error } = console;
  const logged: string[] = [];
  console.error = (message) => logged.push(message);
  try {
    const response = await failing.request("/api/summary");
    expect(response.status).toBe(500);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).not.toContain("private");
    expect(logged.join()).toContain("private");
  } finally {
    console.error = error;
  }
});

test("an isolate answers from its own cache when the keeper fails", async () => {
  let nowMs = 1_000_000;
  let isBroken = false;
  const caches = createCaches({
    keeper: () => ({
      summary: async () => {
        if (isBroken) throw new Error("overloaded");
        return { value: { text: TEXT, tag: "abc" }, ageMs: 100, isStale: false };
      },
      preview: async () => undefined,
    }),
    now: () => nowMs,
    pause: () => new Promise(() => {}),
    keepAlive: () => {},
  });
  await caches.summaries.read();
  isBroken = true;
  nowMs += 60_000;
  expect(await caches.summaries.read()).toMatchObject({ ageMs: 60_100, isStale: true });
});
