/**
 * The application without the runtime: routes, methods that are allowed, and responses to requests
 * that are refused.
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { every } from "hono/combine";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { renderNotFound, renderTooMany } from "../view/document.ts";
import type { Caches } from "./caches.ts";
import { limitClients } from "./client-limit.ts";
import { apiRoutes } from "./routes/api.ts";
import { type PageSettings, pageHeaders, pageRoutes } from "./routes/pages.ts";

/** No other method is answered: nothing here can be changed by a request. */
const METHODS = ["GET", "HEAD", "OPTIONS"];
const ALLOW = METHODS.join(", ");
/** The period of the rate limit in wrangler.jsonc. */
const LIMIT_PERIOD_S = "60";
/** What other sites may read and show. */
const OPEN_PATHS = ["/api/*", "/badge.svg", "/preview.png"];

interface AppSettings extends PageSettings {
  caches: Caches;
  clientLimit: Parameters<typeof limitClients>[0];
}

export function createApp({ caches, clientLimit, ...page }: AppSettings): Hono {
  const app = new Hono();

  app.get("/healthz", (context) => {
    context.header("cache-control", "no-store");
    return context.json({ ok: true });
  });

  for (const path of OPEN_PATHS) app.use(path, allowScripts, allowEmbedding);
  app.use(allowMethods);
  const refuse = every(pageHeaders("'none'"), tooMany(page));
  app.use(limitClients(clientLimit, refuse));

  app.route("/", apiRoutes(caches));
  app.route("/", pageRoutes(caches, page));

  app.get("*", pageHeaders("'none'"), (context) => {
    context.header("cache-control", "no-store");
    if (wantsPage(context)) return context.html(renderNotFound(page.assets), 404);
    return context.json({ error: `Cannot find ${context.req.path}` }, 404);
  });

  app.onError((error, context) => {
    console.error(`Cannot answer ${context.req.path}: ${error.stack}`);
    context.header("cache-control", "no-store");
    return context.json({ error: "Cannot answer: something is wrong inside" }, 500);
  });
  return app;
}

/** Browsers ask for HTML and get a page. Programs, which seldom say what they want, get JSON. */
const wantsPage = (context: Context): boolean =>
  accepts(context, {
    header: "Accept",
    supports: ["application/json", "text/html"],
    default: "application/json",
  }) === "text/html";

const tooMany = ({ assets }: PageSettings) =>
  createMiddleware(async (context) => {
    context.header("retry-after", LIMIT_PERIOD_S);
    context.header("cache-control", "no-store");
    if (wantsPage(context)) return context.html(renderTooMany(assets), 429);
    return context.json({ error: "Cannot answer: too many requests, wait a minute" }, 429);
  });

const allowMethods = createMiddleware(async (context, next) => {
  const { method } = context.req;
  if (method === "GET" || method === "HEAD") return next();
  context.header("allow", ALLOW);
  if (method === "OPTIONS") return context.body(null, 204);
  context.header("cache-control", "no-store");
  return context.json({ error: `Cannot ${method}: only ${ALLOW} are answered` }, 405);
});

const allowScripts = cors({
  origin: "*",
  allowMethods: METHODS,
  exposeHeaders: ["ETag", "Age", "Server-Timing", "Retry-After"],
  maxAge: 86_400,
});

const allowEmbedding = createMiddleware(async ({ header }, next) => {
  await next();
  header("cross-origin-resource-policy", "cross-origin");
  header("x-content-type-options", "nosniff");
});
