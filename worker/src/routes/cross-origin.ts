/** Any site may read what is public, by script and as a picture, headers included. */
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";

/** The methods that are answered; no other changes anything here, so none is needed. */
export const METHODS = ["GET", "HEAD", "OPTIONS"];

export const readByScripts = cors({
  origin: "*",
  allowMethods: METHODS,
  exposeHeaders: ["ETag", "Age", "Server-Timing", "Retry-After"],
  maxAge: 86_400,
});

export const shownByOthers = createMiddleware(async ({ header }, next) => {
  await next();
  header("cross-origin-resource-policy", "cross-origin");
  header("x-content-type-options", "nosniff");
});
