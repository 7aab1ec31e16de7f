/**
 * Serves a minimal Worker, in the same runtime and by the same tool as the product's. With a
 * folder, it runs behind its static files, as the product's does.
 */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

// The same value as in worker/build/serve.ts, which gives the reason.
process.env.MINIFLARE_WORKERD_V8_FLAGS = "--gc-global";

const [port, folder] = process.argv.slice(2);
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: Number(port),
    compatibilityDate: "2026-11-01",
    modules: true,
    script: `export default { fetch() { return new Response("hello") } }`,
    ...(folder && { assets: { directory: folder, routerConfig: { has_user_worker: true } } }),
  }),
);
await miniflare.ready;
process.once("SIGTERM", () => miniflare.dispose().then(() => process.exit()));
