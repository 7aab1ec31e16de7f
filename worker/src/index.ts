/** Where Cloudflare's runtime meets the Worker: its requests, its clock that wakes it, its object. */
import { env, waitUntil } from "cloudflare:workers";
import type { PageAssets } from "../view/assets.ts";
import { createApp } from "./app.ts";
import { createCopies } from "./copies.ts";

export { SummaryKeeper } from "./keeper/summary-keeper.ts";

/** Filled in when the bundle is built, since the names hold a hash. */
declare const PAGE_ASSETS: PageAssets;

const copies = createCopies({
  keeper: () => env.SUMMARY_KEEPER.getByName("global"),
  now: Date.now,
  pause: (ms) => scheduler.wait(ms),
  keepAlive: waitUntil,
});

const app = createApp({
  copies,
  clientLimit: env.CLIENT_LIMIT,
  supersetUrl: env.SUPERSET_URL || undefined,
  assets: PAGE_ASSETS,
});

export default {
  fetch: app.fetch,
  /** Keeps the copies warm, so that nobody meets an empty one. */
  scheduled: async () => {
    await Promise.all([copies.summaries.read(), copies.previews.read()]);
  },
} satisfies ExportedHandler<Env>;
