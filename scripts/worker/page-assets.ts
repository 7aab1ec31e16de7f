/** Builds the files of the page that a browser fetches: small, and named by their content. */
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../lib/config.ts";

const SOURCE = join(ROOT, "worker/browser");
/** Known by their names to browsers and to Cloudflare. */
const FIXED_FILES = ["favicon.ico", "favicon.svg", "robots.txt", "_headers"];

/** Addresses of the built files: `PageAssets` of the Worker. */
export interface BuiltAssets {
  script: string;
  style: string;
}

/**
 * Writes them all into the folder, which is made when it is missing.
 * @throws AggregateError with what is wrong in the source
 */
export async function buildPageAssets(outputFolder: string): Promise<BuiltAssets> {
  mkdirSync(outputFolder, { recursive: true });
  const { outputs } = await Bun.build({
    entrypoints: [join(SOURCE, "page.ts"), join(SOURCE, "page.css")],
    outdir: outputFolder,
    target: "browser",
    minify: true,
    naming: "[name]-[hash].[ext]",
  });
  for (const name of FIXED_FILES) copyFileSync(join(SOURCE, name), join(outputFolder, name));
  const find = (ending: string) => {
    const output = outputs.find(({ path }) => path.endsWith(ending));
    if (!output) throw new Error(`Cannot build the page: no ${ending} file came out`);
    return `/${basename(output.path)}`;
  };
  return { script: find(".js"), style: find(".css") };
}
