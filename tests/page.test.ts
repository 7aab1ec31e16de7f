/**
 * The public page as visitors see it, in a real browser: the bundle for deployment in Cloudflare's
 * runtime, over the real origin, PostgreSQL and Kafka. One stack for the file; its first test meets
 * it before the first event.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { ROOT } from "../scripts/lib/config.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { launchBrowser } from "./harness/browser.ts";
import { eventLine, type Hour, makeHour } from "./harness/hour.ts";
import { countPixels } from "./harness/in-page.ts";
import {
  chartWidth,
  findOverflow,
  readBars,
  readFigures,
  readSlots,
  setVisibility,
} from "./harness/in-public-page.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";
import { Visitor } from "./harness/visitor.ts";
import { TestWorker } from "./harness/worker.ts";

const SCREENSHOTS = join(ROOT, ".screenshots");
/** The colours of views, clicks and purchases. */
const COLOURS = ["#2f6fde", "#e8a317", "#1c9d6c"];
/** The colour of the lines behind the bars. */
const LINES = { light: "#e7e8ea", dark: "#272b32" };
const MINUTE_MS = 60_000;
const BYTES_MAX = 80_000;

setDefaultTimeout(60_000);

let stack: Stack;
let browser: Browser;
let origin: string;
/** Events that are sent during the first test. */
let hour: Hour;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  stack = await startStack({
    services: ["consumer", "worker"],
    settings: { SUMMARY_TOP_USERS: "true" },
  });
  origin = `http://127.0.0.1:${stack.config.WORKER_PORT}`;
  browser = await launchBrowser();
  hour = makeHour();
}, 10 * MINUTE_MS);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
}, 5 * MINUTE_MS);

const arrive = (options = {}) => Visitor.arrive(browser, origin, options);

async function open(options = {}, path = "/"): Promise<Visitor> {
  const visitor = await arrive(options);
  await visitor.page.goto(path);
  return visitor;
}

async function produce(lines: string[]): Promise<void> {
  const path = join(stack.config.STATE_DIR, "lines.ndjson");
  writeFileSync(path, `${lines.join("\n")}\n`);
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--from", path]);
}

test("the page is kind to an empty platform, and follows it when its first events come", async () => {
  const visitor = await open();
  await visitor.untilState("empty");
  expect(await visitor.page.locator(".status").textContent()).toContain("bun run produce");
  expect(await visitor.textAt("conversion")).toBe("–");
  await visitor.page.screenshot({ path: join(SCREENSHOTS, "page-empty.png"), fullPage: true });
  await produce(hour.lines);
  await visitor.untilState("live", 5_000);
  await visitor.untilText("events", hour.lines.length.toLocaleString("en"), 5_000);
  const views = sum([...hour.counts.values()].map(([view]) => view!));
  const purchases = sum([...hour.counts.values()].map((counts) => counts[2]!));
  expect(await visitor.textAt("view.count")).toBe(views.toLocaleString("en"));
  expect(await visitor.textAt("conversion")).toBe(((purchases / views) * 100).toFixed(1));
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

for (const width of [390, 768, 1280, 1920]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the page is whole, readable and quiet at ${width} pixels, ${colorScheme}`, async () => {
      const visitor = await open({ viewport: { width, height: 900 }, colorScheme });
      await visitor.untilState("live");
      await visitor.page.screenshot({
        path: join(SCREENSHOTS, `page-${width}-${colorScheme}.png`),
        fullPage: true,
      });
      expect(await visitor.page.evaluate(findOverflow)).toBe(0);
      for (const details of await visitor.page.locator("summary").all()) await details.click();
      expect(await visitor.page.evaluate(findOverflow)).toBe(0);
      expect(await visitor.findFaults()).toEqual([]);
      expect(visitor.complaints).toEqual([]);
      expect(visitor.strangers).toEqual([]);
      await visitor.leave();
    });
  }
}

test("each bar of the chart is as high as the events of its minute", async () => {
  const visitor = await open();
  await visitor.untilState("live");
  await expectTrueBars(visitor);
  // Resizing to the width of a closing tab and back must work at once, not only after a while.
  await resize(visitor, 40, (width) => width === 0);
  await resize(visitor, 1_280, (width) => width > 0);
  await expectTrueBars(visitor);
  await visitor.leave();
});

async function resize(
  { page }: Visitor,
  width: number,
  isDrawn: (chartWidth: number) => boolean,
): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await until(
    "the chart is drawn anew",
    10_000,
    async () => {
      const drawn = await page.locator("#chart").evaluate(chartWidth);
      if (!isDrawn(drawn)) throw new Error(`it is ${drawn} pixels wide`);
    },
    { intervalMs: 5 },
  );
}

async function expectTrueBars({ page }: Visitor): Promise<void> {
  const { bars, eventPixels } = await page.locator("#chart").evaluate(readBars, COLOURS);
  expect(bars.length).toBe(60);
  // The last minute is still running, and paler.
  const compared = bars.slice(0, -1).filter(({ minute }) => hour.counts.has(minute));
  expect(compared.length).toBeGreaterThan(50);
  for (const { minute, heights } of compared) {
    for (const [index, count] of hour.counts.get(minute)!.entries()) {
      const difference = Math.abs(heights[index]! - count * eventPixels);
      // Edges between pixels are mixed colours.
      const isExact = difference <= 2;
      const found = { minute, index, count, height: heights[index], isExact };
      expect(found).toMatchObject({ isExact: true });
    }
  }
}

test("the chart takes the colours of the other scheme when the visitor changes it", async () => {
  const visitor = await open({ colorScheme: "light" });
  await visitor.untilState("live");
  const canvas = visitor.page.locator("#chart");
  const lines = async () => [
    (await canvas.evaluate(countPixels, LINES.light)) > 0,
    (await canvas.evaluate(countPixels, LINES.dark)) > 0,
  ];
  expect(await lines()).toEqual([true, false]);
  await visitor.page.emulateMedia({ colorScheme: "dark" });
  await until("the chart is drawn anew", 5_000, async () => {
    expect(await lines()).toEqual([false, true]);
  });
  await visitor.leave();
});

test("the page shows new events within 5 seconds", async () => {
  const visitor = await open();
  await visitor.untilState("live");
  const figures: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = Number((await visitor.textAt("events")).replaceAll(",", ""));
    await produce(Array.from({ length: 7 }, () => eventLine("click", 1, new Date())));
    const startedAtMs = performance.now();
    await visitor.untilText("events", (before + 7).toLocaleString("en"), 5_000);
    figures.push(Math.round(performance.now() - startedAtMs));
  }
  console.log(`new events were on the page after ${figures.join(", ")} ms`);
  const painted = await visitor.page
    .locator("#chart")
    .evaluate((canvas) => (canvas as unknown as Drawn).chart.data.datasets[1]!.data);
  const answer = await fetch(`${origin}/api/summary`);
  const { timeline } = (await answer.json()) as { timeline: { click: number }[] };
  expect(sum(painted)).toBe(sum(timeline.map(({ click }) => click)));
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

interface Drawn {
  chart: { data: { datasets: { data: number[] }[] } };
}

test("the page has all its numbers and its timeline as text when scripts are off", async () => {
  const visitor = await open({ javaScriptEnabled: false });
  const { page } = visitor;
  const { events, users } = (await (await fetch(`${origin}/api/summary`)).json()) as Totals;
  expect(await visitor.textAt("events")).toBe(events.toLocaleString("en"));
  expect(await visitor.textAt("users")).toBe(users.toLocaleString("en"));
  await page.locator("noscript p", { hasText: "Without JavaScript this page" }).waitFor();
  await page.locator("#chart").waitFor({ state: "hidden" });
  const rows = await page.locator(".table tbody tr").allInnerTexts();
  expect(rows.length).toBe(60);
  const shown = new Map(
    rows.map((row) => [row.trim().slice(0, 5), row.trim().split(/\s+/).slice(1)]),
  );
  const compared = [...hour.counts].filter(([minute]) => shown.has(minute));
  expect(compared.length).toBeGreaterThan(50);
  for (const [minute, counts] of compared.slice(0, -1)) {
    expect([minute, ...shown.get(minute)!]).toEqual([minute, ...counts.map(String)]);
  }
  await page.screenshot({ path: join(SCREENSHOTS, "page-no-script.png"), fullPage: true });
  expect(visitor.strangers).toEqual([]);
  await visitor.leave();
});

interface Totals {
  events: number;
  users: number;
}

test("the page asks nothing while its tab is hidden, and at once when it is seen again", async () => {
  const visitor = await arrive();
  const { page } = visitor;
  // The page's own clock, which the test moves.
  await page.clock.install();
  await page.goto("/");
  const asked = () => visitor.paths.filter((path) => path === "/api/summary").length;
  const answered = () => page.waitForResponse("**/api/summary");
  await Promise.all([answered(), page.clock.runFor(3_000)]);
  expect(asked()).toBe(1);
  await page.evaluate(setVisibility, "hidden" as const);
  await page.clock.runFor(10 * MINUTE_MS);
  expect(asked()).toBe(1);
  await Promise.all([answered(), page.evaluate(setVisibility, "visible" as const)]);
  expect(asked()).toBe(2);
  // Hidden during a request, whose answer still comes and is the last one.
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await page.route("**/api/summary", async (route) => {
    await held;
    await route.continue();
  });
  await Promise.all([page.waitForRequest("**/api/summary"), page.clock.runFor(3_000)]);
  await page.evaluate(setVisibility, "hidden" as const);
  await Promise.all([answered(), release()]);
  await page.clock.runFor(10 * MINUTE_MS);
  expect(asked()).toBe(3);
  await visitor.leave();
});

test("the page says that the platform cannot be reached, moves nothing, and recovers without help", async () => {
  const visitor = await open();
  await visitor.untilState("live");
  const processId = await processIdOf("summary");
  process.kill(processId, "SIGSTOP");
  try {
    await visitor.untilState("stale", 30_000);
    expect((await visitor.textAt("status.text")) + (await visitor.textAt("status.age"))).toMatch(
      /^The platform cannot be reached; these numbers are from \d\d:\d\d:\d\d UTC, \d+ s ago$/,
    );
    expect(await visitor.page.locator("#announcement").textContent()).toStartWith(
      "The platform cannot be reached",
    );
    await visitor.page.screenshot({ path: join(SCREENSHOTS, "page-stale.png") });
    expect(await visitor.findFaults()).toEqual([]);
  } finally {
    process.kill(processId, "SIGCONT");
  }
  await visitor.untilState("live", 15_000);
  const { layoutShift } = await visitor.page.evaluate(readFigures);
  expect(layoutShift).toBeLessThan(0.01);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

/** Process id of a service's main process. */
async function processIdOf(service: string): Promise<number> {
  const { stdout } = await run(stack.settings, "scripts/status.ts", ["--json"]);
  const rows = JSON.parse(stdout) as { service: string; processId?: number }[];
  const processId = rows.find((row) => row.service === service)?.processId;
  // A signal to process 0 would reach this process and all its siblings.
  if (!processId) throw new Error(`Cannot find the process of ${service}: ${stdout}`);
  return processId;
}

test("the page says so as well when the Worker itself gives no answer, and asks less often", async () => {
  const visitor = await arrive();
  const { page } = visitor;
  await page.clock.install();
  await page.goto("/");
  // At first it accepts the request and answers nothing, until the page has waited long enough.
  await page.route("**/api/summary", () => {});
  await Promise.all([page.waitForEvent("requestfailed"), page.clock.runFor(3_000)]);
  await page.unroute("**/api/summary");
  await page.route("**/api/summary", (route) => route.abort());
  expect(await page.locator(".status").getAttribute("data-state")).toBe("live");
  await page.clock.runFor(MINUTE_MS / 4);
  await visitor.untilState("stale");
  await page.clock.runFor(10 * MINUTE_MS);
  const asked = visitor.paths.filter((path) => path === "/api/summary").length;
  expect(asked).toBeLessThan(60);
  await page.unroute("**/api/summary");
  await Promise.all([page.waitForResponse("**/api/summary"), page.clock.runFor(30_000)]);
  // An answer during the change of the clock may count as too late, so one more is requested.
  await visitor.untilState("live", 45_000);
  await visitor.leave();
});

test("a page that was opened before the first numbers fills itself when they come", async () => {
  const real = `http://127.0.0.1:${stack.config.SUMMARY_PORT}`;
  let isThere = false;
  const gate = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url, headers }) =>
      isThere
        ? fetch(real + new URL(url).pathname, { headers })
        : new Response("not yet", { status: 503 }),
  });
  const secret = stack.settings.SUMMARY_SECRET!;
  const worker = await TestWorker.start({ originUrl: gate.url.origin, secret });
  try {
    const visitor = await Visitor.arrive(browser, worker.url);
    const { page } = visitor;
    expect((await page.goto("/"))?.status()).toBe(503);
    await visitor.untilState("none");
    expect(await visitor.textAt("events")).toBe("–");
    expect(await visitor.findFaults()).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, "page-none.png"), fullPage: true });
    isThere = true;
    await visitor.untilState("live", 15_000);
    await page.locator("#chart[aria-label*=' views, ']").waitFor();
    const filled = await page.evaluate(readSlots);
    expect((await page.reload())?.status()).toBe(200);
    const served = await page.evaluate(readSlots);
    expect(filled.map(([place]) => place)).toEqual(served.map(([place]) => place));
    // The rest is about the passing time.
    const lasting = ([place]: [string, string]) =>
      !/^text (minute|hour|hop|status|newest|settled)/.test(place);
    expect(filled.filter(lasting)).toEqual(served.filter(lasting));
    expect(new Map(served).get("shown users")).toBe("true");
    await visitor.leave();
  } finally {
    await worker.remove();
    await gate.stop(true);
  }
});

test("the browser's back button shows no document of earlier, also without scripts", async () => {
  // Otherwise the browser would keep the whole page aside instead of asking its own cache.
  const other = await launchBrowser("--disable-features=BackForwardCache");
  try {
    const visitor = await Visitor.arrive(other, origin, { javaScriptEnabled: false });
    const { page } = visitor;
    const asOf = () => visitor.textAt("status.text");
    await page.goto("/");
    const before = await asOf();
    await page.goto("/not-there");
    await until("there are newer numbers", 15_000, async () => {
      const html = await (await fetch(origin)).text();
      expect(html).not.toContain(before.trim());
    });
    await page.goBack();
    expect(await asOf()).not.toBe(before);
    await visitor.leave();
  } finally {
    await other.close();
  }
});

test("the page adds the sleep of the computer to its age, and asks at once", async () => {
  const visitor = await open();
  const { page } = visitor;
  await visitor.untilState("live");
  let asked = 0;
  await page.route("**/api/summary", () => {
    asked += 1;
  });
  await page.evaluate("{ const now = Date.now; Date.now = () => now() + 7_200_000; }");
  await page.locator('[data-text="status.age"]', { hasText: "3 h ago" }).waitFor();
  expect(asked).toBeGreaterThan(0);
  await visitor.leave();
});

test("the page says that its address asks too often, and waits as long as it is told", async () => {
  const visitor = await arrive();
  const { page } = visitor;
  await page.clock.install();
  await page.goto("/");
  const asked = () => visitor.paths.filter((path) => path === "/api/summary").length;
  await page.route("**/api/summary", (route) =>
    route.fulfill({ status: 429, headers: { "retry-after": "60" }, json: {} }),
  );
  await Promise.all([page.waitForResponse("**/api/summary"), page.clock.runFor(3_000)]);
  await page.clock.runFor(1_000);
  await visitor.untilState("limited");
  expect(await visitor.textAt("status.text")).toStartWith("Too many requests");
  await page.clock.runFor(55_000);
  expect(asked()).toBe(1);
  await page.unroute("**/api/summary");
  await Promise.all([page.waitForResponse("**/api/summary"), page.clock.runFor(10_000)]);
  await visitor.untilState("live");
  await visitor.leave();
});

test("the page says that the browser is offline, and goes on when it is back", async () => {
  const visitor = await open();
  await visitor.untilState("live");
  await visitor.page.context().setOffline(true);
  await visitor.untilState("offline");
  expect(await visitor.textAt("status.text")).toStartWith("Your browser is offline; these numbers");
  await visitor.page.context().setOffline(false);
  await visitor.untilState("live");
  await visitor.leave();
});

test("the frame lives in a page of another site, and the page itself refuses to", async () => {
  const site = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) =>
      new Response(
        `<!doctype html><iframe width="320" height="200" src="${origin}${new URL(url).pathname}${new URL(url).search}"></iframe>`,
        { headers: { "content-type": "text/html" } },
      ),
  });
  try {
    const visitor = await open(
      { viewport: { width: 360, height: 230 } },
      `${site.url}embed?theme=dark`,
    );
    const frame = visitor.page.frameLocator("iframe");
    await frame.locator('.status[data-state="live"]').waitFor();
    await frame.locator("#chart[height]").waitFor();
    expect(await frame.locator("html").getAttribute("data-theme")).toBe("dark");
    const link = frame.getByRole("link", { name: "User activity" });
    expect(await link.getAttribute("target")).toBe("_blank");
    expect(await link.getAttribute("href")).toBe(`${origin}/`);
    const inside = visitor.page.frames()[1]!;
    expect(await inside.evaluate(findOverflow)).toBe(0);
    expect(await inside.evaluate("document.documentElement.scrollHeight")).toBe(200);
    await visitor.page.screenshot({ path: join(SCREENSHOTS, "page-embed.png") });
    expect(visitor.complaints).toEqual([]);
    await visitor.page.goto(site.url.href);
    expect(await frame.locator("#chart").count()).toBe(0);
    expect(visitor.complaints.join()).toContain("frame-ancestors 'none'");
    await visitor.leave();
  } finally {
    await site.stop(true);
  }
});

test("nothing on the page is animated when the visitor prefers reduced motion", async () => {
  const running = (visitor: Visitor) =>
    visitor.page.evaluate("document.getAnimations().length") as Promise<number>;
  const still = await open();
  await still.untilState("live");
  expect(await running(still)).toBe(0);
  const moving = await open({ reducedMotion: "no-preference" });
  await moving.untilState("live");
  expect(await running(moving)).toBe(1);
  await Promise.all([still.leave(), moving.leave()]);
});

test("the page weighs less than 80 kB on its way, and its files may be kept for ever", async () => {
  const html = await (await fetch(origin)).text();
  const paths = [...html.matchAll(/(?:src|href)="(\/page-[^"]+)"/g)].map(([, path]) => path!);
  expect(paths.length).toBe(2);
  const weights: Record<string, number> = { html: Bun.gzipSync(html).length };
  for (const path of paths) {
    const answer = await fetch(origin + path);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    weights[path.split(".")[1]!] = Bun.gzipSync(await answer.bytes()).length;
  }
  console.log(
    `bytes after gzip: ${JSON.stringify(weights)}, ${sum(Object.values(weights))} in all`,
  );
  expect(sum(Object.values(weights))).toBeLessThan(BYTES_MAX);
});

test("nothing moves while the page is built up and brought up to date", async () => {
  const visitor = await open({ viewport: { width: 390, height: 844 } });
  await visitor.untilState("live");
  await visitor.page.waitForResponse("**/api/summary");
  await visitor.page.locator("#chart[height]").waitFor();
  const figures = await visitor.page.evaluate(readFigures);
  console.log(`measured in the browser: ${JSON.stringify(figures)}`);
  expect(figures.firstContentfulPaintMs).toBeGreaterThan(0);
  expect(figures.layoutShift).toBeLessThan(0.01);
  await visitor.leave();
});

test("an address that is not there gets a page that says so, and robots are told where to go", async () => {
  const visitor = await arrive();
  const answer = await visitor.page.goto("/not-there");
  expect(answer?.status()).toBe(404);
  expect(await visitor.page.locator("h1").textContent()).toBe("There is nothing here");
  expect(await visitor.findFaults()).toEqual([]);
  expect(visitor.strangers).toEqual([]);
  await visitor.leave();
  expect(await (await fetch(`${origin}/robots.txt`)).text()).toContain("Disallow: /api/");
  for (const path of ["/favicon.ico", "/favicon.svg"]) {
    expect((await fetch(origin + path)).status).toBe(200);
  }
});
