/**
 * Answers only requests that show the secret; comparing takes the same time whatever was shown.
 * `hono/bearer-auth` takes only the characters of RFC 6750, and SUMMARY_SECRET may have others.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";

const hashOf = (text: string) => createHash("sha256").update(text).digest();

export function requireSecret(secret: string): MiddlewareHandler {
  const expected = hashOf(`Bearer ${secret}`);
  return async (context, next) => {
    const shown = hashOf(context.req.header("authorization") ?? "");
    if (timingSafeEqual(shown, expected)) return next();
    const error = `Cannot let you read ${context.req.path}: the header Authorization must be Bearer and the value of SUMMARY_SECRET`;
    return context.json({ error }, 401, {
      "www-authenticate": 'Bearer realm="summary"',
      "cache-control": "no-store",
    });
  };
}
