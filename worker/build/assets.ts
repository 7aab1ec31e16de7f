/** Builds the files that a browser fetches: minified, and named by a hash of their content. */
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

const SOURCE = join(ROOT, "worker/browser");
/** Browsers and Cloudflare look for these names. */
const FIXED_FILES = ["favicon.ico", "favicon.svg", "robots.txt", "_headers"];

/** Addresses of the built files: `PageAssets` in `worker/view/head.ts`. */
interface BuiltAssets {
  script: string;
  style: string;
}

/**
 * Writes all files into the folder, which is created when it is missing.
 * @throws AggregateError with the faults of the source
 */
export async function buildAssets(outputFolder: string): Promise<BuiltAssets> {
  mkdirSync(outputFolder, { recursive: true });
  const { outputs } = await Bun.build({
    entrypoints: [join(SOURCE, "page.ts"), join(SOURCE, "page.css")],
    outdir: outputFolder,
    target: "browser",
    minify: true,
    naming: "[name]-[hash].[ext]",
  });
  for (const name of FIXED_FILES) copyFileSync(join(SOURCE, name), join(outputFolder, name));
  const find = (extension: string) => {
    const output = outputs.find(({ path }) => path.endsWith(extension));
    if (!output) throw new Error(`Cannot build the page: the build gave no ${extension} file`);
    return `/${basename(output.path)}`;
  };
  return { script: find(".js"), style: find(".css") };
}
