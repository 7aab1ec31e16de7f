/**
 * Serves the least that a Worker can do, in the runtime and by the tool that serve the product's; with
 * a folder, behind its static files as the product's is.
 */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

// As worker/build/serve.ts has it, which says why.
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
