/**
 * Builds what would be deployed: the files of the page, and the Worker in one file. Nothing is written
 * into the checkout, so that two stacks of one checkout can do it at once.
 */
import { join } from "node:path";
import { buildPageAssets } from "./page-assets.ts";
import { runWrangler, WRANGLER_CONFIG } from "./wrangler.ts";

/** Flags of `wrangler deploy` that name what was built. */
export async function buildFlags(folder: string): Promise<string[]> {
  const publicFolder = join(folder, "public");
  const assets = await buildPageAssets(publicFolder);
  return [
    ...["--config", WRANGLER_CONFIG],
    ...["--assets", publicFolder],
    ...["--define", `PAGE_ASSETS:${JSON.stringify(assets)}`],
  ];
}

/** Builds into the folder: `public/` and `worker/index.js`. */
export async function buildBundle(folder: string): Promise<void> {
  const flags = await buildFlags(folder);
  await runWrangler(folder, ["deploy", "--dry-run", "--outdir", join(folder, "worker"), ...flags]);
}
