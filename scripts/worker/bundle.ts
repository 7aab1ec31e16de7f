/**
 * Builds what would be deployed: the files of the page, and the Worker in one file. Nothing is written
 * into the checkout, so that two stacks of one checkout can do it at once.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/config.ts";
import { buildPageAssets } from "./page-assets.ts";
import { runWrangler } from "./wrangler.ts";

const WORKER_FOLDER = join(ROOT, "worker");

/** The configuration for this folder, beside which wrangler leaves what it leaves. */
export const configFile = (folder: string) => join(folder, "wrangler.json");

/** Makes all that `wrangler deploy` needs: the page's files in `public/`, and the configuration. */
export async function prepareDeployment(folder: string): Promise<void> {
  const publicFolder = join(folder, "public");
  const assets = await buildPageAssets(publicFolder);
  const text = readFileSync(join(WORKER_FOLDER, "wrangler.jsonc"), "utf8");
  const { $schema: _, ...configuration } = Bun.JSONC.parse(text) as Record<string, unknown>;
  const placed = {
    ...configuration,
    main: join(WORKER_FOLDER, configuration.main as string),
    assets: { ...(configuration.assets as object), directory: publicFolder },
    define: { PAGE_ASSETS: JSON.stringify(assets) },
  };
  writeFileSync(configFile(folder), JSON.stringify(placed));
}

/** Builds into the folder: `public/` and `worker/index.js`. */
export async function buildBundle(folder: string, signal?: AbortSignal): Promise<void> {
  await prepareDeployment(folder);
  const flags = ["--config", configFile(folder), "--dry-run", "--outdir", join(folder, "worker")];
  await runWrangler(["deploy", ...flags], { scratch: folder, signal });
}
