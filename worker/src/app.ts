/**
 * All that the Worker answers, without the runtime that it runs in: the routes, what is refused, and
 * the form of refusals.
 */
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { createMiddleware } from "hono/factory";
import { limitClients } from "./client-limit.ts";
import type { Copies } from "./copies.ts";
import { renderNotFound } from "./page/document.ts";
import { apiRoutes } from "./routes/api.ts";
import { METHODS, readByScripts, shownByOthers } from "./routes/cross-origin.ts";
import { type PageSettings, pageContext, pageHeaders, pageRoutes } from "./routes/pages.ts";

const ALLOW = METHODS.join(", ");
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
  app.use(limitClients(clientLimit));

  app.route("/", apiRoutes(copies));
  app.route("/", pageRoutes(copies, page));

  app.get("*", pageHeaders("'none'"), (context) => {
    context.header("cache-control", "no-store");
    const type = accepts(context, {
      header: "Accept",
      supports: ["application/json", "text/html"],
      default: "application/json",
    });
    if (type === "text/html") return context.html(renderNotFound(pageContext(page, context)), 404);
    return context.json({ error: `Cannot find ${context.req.path}` }, 404);
  });

  app.onError((error, context) => {
    console.error(`Cannot answer ${context.req.path}: ${error.stack}`);
    context.header("cache-control", "no-store");
    return context.json({ error: "Cannot answer: something is wrong inside" }, 500);
  });
  return app;
}

const onlyKnownMethods = createMiddleware(async (context, next) => {
  const { method } = context.req;
  if (method === "GET" || method === "HEAD") return next();
  context.header("allow", ALLOW);
  if (method === "OPTIONS") return context.body(null, 204);
  context.header("cache-control", "no-store");
  return context.json({ error: `Cannot ${method}: only ${ALLOW} are answered` }, 405);
});
