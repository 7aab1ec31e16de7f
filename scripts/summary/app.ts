/** The routes of the summary origin: which are open, which need the secret, and what is refused. */
import { type Context, Hono } from "hono";
import { AGE_HEADER } from "../../schema/summary.ts";
import { getLogger } from "../lib/log.ts";
import type { SummaryHealth } from "./health.ts";
import type { SummaryMetrics } from "./metrics.ts";
import { PREVIEW_SECONDS_MAX, type Preview } from "./preview/preview.ts";
import { requireSecret } from "./require-secret.ts";
import { type SharedSummary, Unavailable } from "./shared-summary.ts";

const PATHS = ["/summary", "/preview.png", "/metrics", "/healthz"];

export interface Dependencies {
  secret: string;
  summaries: SharedSummary;
  preview: Preview;
  health(): Promise<SummaryHealth>;
  metrics: SummaryMetrics;
}

export function createApp({ secret, summaries, preview, health, metrics }: Dependencies): Hono {
  const app = new Hono();
  const guard = requireSecret(secret);

  app.use(async (context, next) => {
    await next();
    const path = PATHS.find((known) => known === context.req.path);
    metrics.answered(path, context.res.status);
  });

  // Without validators: each computation has its own `as_of`, so that the Worker, the only reader,
  // would hardly ever have the same copy.
  app.get("/summary", guard, async (context) => {
    const { body, sentMs } = await summaries.get();
    return context.body(body, 200, {
      [AGE_HEADER]: String(Math.ceil(performance.now() - sentMs)),
      "cache-control": "private, no-store",
      "content-type": "application/json",
    });
  });

  app.get("/preview.png", guard, async (context) =>
    context.body(await preview.get(), 200, {
      "cache-control": `private, max-age=${PREVIEW_SECONDS_MAX}`,
      "content-type": "image/png",
    }),
  );

  app.get("/metrics", guard, async (context) =>
    context.body(await metrics.registry.metrics(), 200, {
      "cache-control": "no-store",
      "content-type": metrics.registry.contentType,
    }),
  );

  app.get("/healthz", async (context) => {
    const answer = await health();
    return context.json(answer, answer.ok ? 200 : 503, { "cache-control": "no-store" });
  });

  for (const path of PATHS) {
    app.all(path, (context) => {
      const error = `Cannot ${context.req.method} ${path}: only GET and HEAD are answered`;
      return context.json({ error }, 405, { allow: "GET, HEAD" });
    });
  }
  app.notFound((context) => context.json({ error: "Cannot find this path" }, 404));
  app.onError((error, context) => answerError(context, error, summaries.retryAfterSeconds));
  return app;
}

function answerError(context: Context, error: Error, retryAfterSeconds: number): Response {
  if (!(error instanceof Unavailable)) {
    getLogger(["summary"]).error("Cannot answer", { path: context.req.path, error: error.message });
  }
  const message = error instanceof Unavailable ? error.message : "Cannot answer now";
  return context.json({ error: message }, 503, {
    "retry-after": String(retryAfterSeconds),
    "cache-control": "no-store",
  });
}
