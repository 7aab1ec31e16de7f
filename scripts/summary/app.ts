/** The routes of the summary origin: what is open, what needs the secret, and what is refused. */
import { Hono } from "hono";
import { AGE_HEADER } from "../../schema/summary.ts";
import { requireSecret } from "./require-secret.ts";
import { type SharedSummary, Unavailable } from "./shared-summary.ts";

/** A summary of this age proves that the database answers, without asking it again. */
const PROOF_MS_MAX = 10_000;

interface Parts {
  secret: string;
  summaries: SharedSummary;
}

export function createApp({ secret, summaries }: Parts): Hono {
  const app = new Hono();
  const guard = requireSecret(secret);

  app.get("/summary", guard, async (context) => {
    const { body, etag, sentMs } = await summaries.get();
    const headers = {
      etag,
      [AGE_HEADER]: String(Math.ceil(performance.now() - sentMs)),
      "cache-control": "private, no-cache",
    };
    if (context.req.header("if-none-match") === etag) return context.body(null, 304, headers);
    return context.body(body, 200, { ...headers, "content-type": "application/json" });
  });

  app.get("/healthz", async (context) => {
    const { latest } = summaries;
    if (!latest || performance.now() - latest.sentMs > PROOF_MS_MAX) await summaries.get();
    return context.json({ ok: true }, 200, { "cache-control": "no-store" });
  });

  for (const path of ["/summary", "/healthz"]) {
    app.all(path, (context) => {
      const error = `Cannot ${context.req.method} ${path}: only GET and HEAD are answered`;
      return context.json({ error }, 405, { allow: "GET, HEAD" });
    });
  }
  app.notFound((context) => context.json({ error: "Cannot find this path" }, 404));
  app.onError((error, context) => {
    if (!(error instanceof Unavailable)) throw error;
    return context.json({ error: error.message }, 503, {
      "retry-after": String(summaries.retryAfterSeconds),
      "cache-control": "no-store",
    });
  });
  return app;
}
