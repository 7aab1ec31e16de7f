/**
 * Superset as people reach it through a tunnel: behind a proxy with TLS that sends Cloudflare's
 * headers, in a real browser. One stack for the whole file; the last test uses up logins.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { launchBrowser } from "./harness/browser.ts";
import { CHARTS, Viewer } from "./harness/dashboard.ts";
import { runOrThrow } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";
import { untilRead } from "./harness/tables.ts";
import { startTlsProxy, type TlsProxy } from "./harness/tls-proxy.ts";

const MINUTES = 60_000;
setDefaultTimeout(2 * MINUTES);

const NAME = "superset.test";
const DASHBOARD = "/superset/dashboard/user-activity/";
const SCREENSHOTS = join(ROOT, ".screenshots");

let stack: Stack;
let config: Config;
let proxy: TlsProxy;
let browser: Browser;
const viewers: Viewer[] = [];

beforeAll(async () => {
  stack = await startStack({
    services: ["consumer", "superset"],
    settings: { SUPERSET_BEHIND_PROXY: "true", SUPERSET_PUBLIC: "true" },
  });
  config = stack.config;
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--count", "500", "--rate", "0"]);
  const sql = connect(config, "owner");
  await untilRead(sql, 500);
  await sql.end({ timeout: 1 });
  await runOrThrow(stack.settings, "scripts/transform.ts", ["refresh"]);
  proxy = startTlsProxy(NAME, config.SUPERSET_PORT, "203.0.113.7");
  browser = await launchBrowser(
    `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
    `--ignore-certificate-errors-spki-list=${proxy.keyHash}`,
  );
  mkdirSync(SCREENSHOTS, { recursive: true });
}, 20 * MINUTES);

afterEach(async () => {
  await Promise.all(viewers.splice(0).map((viewer) => viewer.close()));
});

afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await stack?.stop();
}, 5 * MINUTES);

async function open(options: { isAnonymous?: boolean; origin?: string } = {}): Promise<Viewer> {
  const viewer = await Viewer.open(browser, config, { origin: proxy.origin, ...options });
  viewers.push(viewer);
  return viewer;
}

/** A request through a proxy as anyone can make it, without a browser. */
const ask = (path: string, init: RequestInit = {}, through = proxy): Promise<Response> =>
  fetch(`https://127.0.0.1:${through.port}${path}`, {
    redirect: "manual",
    ...init,
    headers: { host: new URL(through.origin).host, ...(init.headers as Record<string, string>) },
    tls: { rejectUnauthorized: false },
  });

/** A request to the port of this machine, like the proxy's own. */
const askDirectly = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${config.SUPERSET_PORT}${path}`, { redirect: "manual", headers });

test("a login works through the proxy, and its cookie is for TLS and the server alone", async () => {
  const viewer = await open();
  const cookies = await viewer.page.context().cookies();
  expect(cookies.find(({ name }) => name === "session")).toMatchObject({
    domain: NAME,
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
  });
  expect(cookies.filter(({ secure }) => !secure)).toEqual([]);
  expect(new URL(viewer.page.url()).origin).toBe(proxy.origin);
  expect(viewer.strangers).toEqual([]);
});

test("the dashboard shows its charts through the proxy, and asks for no other address", async () => {
  const viewer = await open();
  await viewer.openDashboard();
  const exchanges = [...viewer.exchanges.values()];
  expect(exchanges.map(({ status }) => status)).toEqual(Array(CHARTS).fill(200));
  expect(await viewer.cardText("Events")).toContain(" 500 counted");
  await viewer.page.screenshot({ path: join(SCREENSHOTS, "behind-proxy.png"), fullPage: true });
  expect(viewer.strangers).toEqual([]);
  expect(viewer.complaints).toEqual([]);
});

test("a viewer without a login sees the public dashboard through the proxy", async () => {
  const viewer = await open({ isAnonymous: true });
  await viewer.openDashboard();
  expect(await viewer.cardText("Events")).toContain(" 500 counted");
  expect(viewer.strangers).toEqual([]);
  expect(viewer.complaints).toEqual([]);
});

/** Paths that Superset redirects to another address. */
const REDIRECTED = ["/", "/login", "/logout/", "/superset/welcome/", DASHBOARD.slice(0, -1)];

const targetOf = (response: Response, origin: string) => {
  const location = response.headers.get("location");
  return location === null ? undefined : new URL(location, origin).origin;
};

test("every redirect stays at the public address and its TLS", async () => {
  for (const path of REDIRECTED) {
    const response = await ask(path);
    const target = targetOf(response, proxy.origin);
    expect({ path, target }).toEqual({ path, target: proxy.origin });
  }
  const { headers } = await ask("/login/");
  // For this name alone: its subdomains may belong to someone else.
  expect(headers.get("strict-transport-security")).toMatch(/^max-age=\d+$/);
});

test("headers that a stranger sends through the proxy change no address", async () => {
  const headers = {
    "x-forwarded-host": "evil.test",
    "x-forwarded-server": "evil.test",
    "x-forwarded-port": "8443",
    "x-forwarded-prefix": "/evil.test",
    "x-forwarded-proto": "http",
    "x-original-host": "evil.test",
    "x-script-name": "/evil.test",
    forwarded: "for=evil.test;host=evil.test;proto=http",
  };
  for (const path of [...REDIRECTED, "/login/", DASHBOARD]) {
    const response = await ask(path, { headers });
    const target = targetOf(response, proxy.origin) ?? proxy.origin;
    expect({ path, target }).toEqual({ path, target: proxy.origin });
    expect({ path, isNamed: (await response.text()).includes("evil.test") }).toEqual({
      path,
      isNamed: false,
    });
    expect(JSON.stringify([...response.headers])).not.toContain("evil.test");
  }
});

test("a visitor who comes to the proxy without TLS is sent to the same page with it", async () => {
  const response = await askDirectly(`${DASHBOARD}?standalone=1`, {
    host: NAME,
    "x-forwarded-proto": "http",
  });
  expect(response.status).toBe(308);
  expect(response.headers.get("location")).toBe(`https://${NAME}${DASHBOARD}?standalone=1`);
});

test("programs on this machine still reach Superset, without the proxy", async () => {
  expect((await askDirectly("/health")).status).toBe(200);
  const login = await fetch(`http://127.0.0.1:${config.SUPERSET_PORT}/api/v1/security/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      username: "admin",
      password: config.SUPERSET_ADMIN_PASSWORD,
      provider: "db",
    }),
  });
  const { access_token } = (await login.json()) as { access_token: string };
  const authorization = `Bearer ${access_token}`;
  const list = await askDirectly("/api/v1/dashboard/", { authorization });
  expect(await list.json()).toMatchObject({ count: 1 });
});

test("people on this machine log in without the proxy as well", async () => {
  const viewer = await open({ origin: `http://127.0.0.1:${config.SUPERSET_PORT}` });
  await viewer.openDashboard();
  expect(await viewer.cardText("Events")).toContain(" 500 counted");
});

test("wrong passwords are limited for each visitor, under whatever name", async () => {
  const guess = (through: TlsProxy, number: number) =>
    ask(
      "/api/v1/security/login",
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-forwarded-for": `198.51.100.${number}`,
          "cf-connecting-ip": `198.51.100.${number}`,
        },
        body: JSON.stringify({ username: "admin", password: `guess ${number}`, provider: "db" }),
      },
      through,
    );
  const statuses: number[] = [];
  for (let number = 0; number < 12; number++) statuses.push((await guess(proxy, number)).status);
  expect(statuses).toContain(429);
  const neighbour = startTlsProxy(NAME, config.SUPERSET_PORT, "203.0.113.8");
  expect((await guess(neighbour, 0)).status).toBe(401);
  await neighbour.stop();
});
