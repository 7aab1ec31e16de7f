/**
 * Builds the Worker into a folder, with what Miniflare has to know to run it: a program of its own,
 * since wrangler and the bundlers would take 200 MB for as long as the Worker runs.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { buildBundle, configFile } from "./bundle.ts";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("Cannot build the Worker: no folder is given");
await buildBundle(folder);
const { workerOptions } = unstable_getMiniflareWorkerOptions(configFile(folder));
writeFileSync(join(folder, "options.json"), JSON.stringify(workerOptions));
