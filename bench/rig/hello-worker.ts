/** Serves the least that a Worker can do, in the runtime and by the tool that serve the product's. */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const port = Number(process.argv[2]);
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port,
    compatibilityDate: "2026-11-01",
    modules: true,
    script: `export default { fetch() { return new Response("hello") } }`,
  }),
);
await miniflare.ready;
process.once("SIGTERM", () => miniflare.dispose().then(() => process.exit()));
