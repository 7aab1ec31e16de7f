/**
 * All that the Worker answers, without the runtime that it runs in: the routes, what is refused, and
 * the form of refusals.
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { every } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { renderNotFound } from "../view/document.ts";
import { limitClients } from "./client-limit.ts";
import type { Copies } from "./copies.ts";
import { apiRoutes } from "./routes/api.ts";
import { METHODS, readByScripts, shownByOthers } from "./routes/cross-origin.ts";
import { type PageSettings, pageContext, pageHeaders, pageRoutes } from "./routes/pages.ts";
import { renderTooMany } from "./too-many.ts";

const ALLOW = METHODS.join(", ");
/** The limit's period in wrangler.jsonc. */
const LIMIT_PERIOD_S = "60";
/** What other sites may read and show. */
const OPEN_PATHS = ["/api/*", "/badge.svg", "/preview.png"];

interface AppSettings extends PageSettings {
  copies: Copies;
  clientLimit: Parameters<typeof limitClients>[0];
}

export function createApp({ copies, clientLimit, ...page }: AppSettings): Hono {
  const app = new Hono();

  app.get("/healthz", (context) => {
    context.header("cache-control", "no-store");
    return context.json({ ok: true });
  });

  for (const path of OPEN_PATHS) app.use(path, readByScripts, shownByOthers);
  app.use(onlyKnownMethods);
  const refuse = every(pageHeaders("'none'"), tooMany(page));
  app.use(limitClients(clientLimit, refuse));

  app.route("/", apiRoutes(copies));
  app.route("/", pageRoutes(copies, page));

  app.get("*", pageHeaders("'none'"), (context) => {
    context.header("cache-control", "no-store");
    if (wantsPage(context)) return context.html(renderNotFound(pageContext(page, context)), 404);
    return context.json({ error: `Cannot find ${context.req.path}` }, 404);
  });

  app.onError((error, context) => {
    console.error(`Cannot answer ${context.req.path}: ${error.stack}`);
    context.header("cache-control", "no-store");
    return context.json({ error: "Cannot answer: something is wrong inside" }, 500);
  });
  return app;
}

/** People get a page, and programs, which seldom say what they want, get JSON. */
const wantsPage = (context: Context): boolean =>
  accepts(context, {
    header: "Accept",
    supports: ["application/json", "text/html"],
    default: "application/json",
  }) === "text/html";

const tooMany = (page: PageSettings) =>
  createMiddleware(async (context) => {
    context.header("retry-after", LIMIT_PERIOD_S);
    context.header("cache-control", "no-store");
    if (wantsPage(context)) return context.html(renderTooMany(page.assets), 429);
    return context.json({ error: "Cannot answer: too many requests, wait a minute" }, 429);
  });

const onlyKnownMethods = createMiddleware(async (context, next) => {
  const { method } = context.req;
  if (method === "GET" || method === "HEAD") return next();
  context.header("allow", ALLOW);
  if (method === "OPTIONS") return context.body(null, 204);
  context.header("cache-control", "no-store");
  return context.json({ error: `Cannot ${method}: only ${ALLOW} are answered` }, 405);
});
