/** The entry point in Cloudflare's runtime: requests, the cron trigger, and the Durable Object. */
import { env, waitUntil } from "cloudflare:workers";
import type { PageAssets } from "../view/head.ts";
import { createApp } from "./app.ts";
import { createCaches } from "./caches.ts";

export { SummaryKeeper } from "./keeper/summary-keeper.ts";

/** Defined by the build, since the names hold a hash. */
declare const PAGE_ASSETS: PageAssets;

const caches = createCaches({
  keeper: () => env.SUMMARY_KEEPER.getByName("global"),
  now: Date.now,
  pause: (ms) => scheduler.wait(ms),
  keepAlive: waitUntil,
});

const app = createApp({
  caches,
  clientLimit: env.CLIENT_LIMIT,
  supersetUrl: env.SUPERSET_URL || undefined,
  assets: PAGE_ASSETS,
});

export default {
  fetch: app.fetch,
  /** Keeps the caches warm, so that no reader finds them empty. */
  scheduled: async () => {
    await Promise.all([caches.summaries.read(), caches.previews.read()]);
  },
} satisfies ExportedHandler<Env>;
