/**
 * Builds what is deployed: the files of the page, and the Worker in one file. Nothing is written into
 * the checkout, so that two stacks of one checkout can build at the same time.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { buildAssets } from "./assets.ts";
import { runWrangler } from "./wrangler.ts";

const WORKER_FOLDER = join(ROOT, "worker");

/** The configuration of this build. Wrangler writes its own files beside it. */
export const configFile = (folder: string) => join(folder, "wrangler.json");

/** Writes what `wrangler deploy` needs: the page's files in `public/`, and the configuration. */
export async function prepareDeployment(folder: string): Promise<void> {
  const publicFolder = join(folder, "public");
  const assets = await buildAssets(publicFolder);
  const text = readFileSync(join(WORKER_FOLDER, "wrangler.jsonc"), "utf8");
  const { $schema: _, ...configuration } = Bun.JSONC.parse(text) as Record<string, unknown>;
  const completed = {
    ...configuration,
    main: join(WORKER_FOLDER, configuration.main as string),
    assets: { ...(configuration.assets as object), directory: publicFolder },
    define: { PAGE_ASSETS: JSON.stringify(assets) },
  };
  writeFileSync(configFile(folder), JSON.stringify(completed));
}

/** Builds `public/` and `worker/index.js` into the folder. */
export async function buildBundle(folder: string, signal?: AbortSignal): Promise<void> {
  await prepareDeployment(folder);
  const flags = ["--config", configFile(folder), "--dry-run", "--outdir", join(folder, "worker")];
  await runWrangler(["deploy", ...flags], { scratch: folder, signal });
}
