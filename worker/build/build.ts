/**
 * Builds the Worker into a folder, with the options that Miniflare needs to serve it. The build runs in
 * a process of its own: wrangler and the bundlers would keep 200 MB while the Worker runs.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildBundle, configFile } from "./bundle.ts";
import { quietEnvironment } from "./wrangler.ts";

/** @throws Error with what the build printed */
export async function buildWorker(folder: string): Promise<void> {
  // The names of the page's files hold a hash, so old files would pile up.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const program = Bun.spawn([process.execPath, "--no-env-file", import.meta.path, folder], {
    env: quietEnvironment({ scratch: folder }),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [exitCode, stderr] = await Promise.all([
    program.exited,
    new Response(program.stderr).text(),
  ]);
  if (exitCode !== 0) throw new Error(`Cannot build the Worker:\n${stderr}`);
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error("Cannot build the Worker: no folder is given");
  await buildBundle(folder);
  const { unstable_getMiniflareWorkerOptions } = await import("wrangler");
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configFile(folder));
  writeFileSync(join(folder, "options.json"), JSON.stringify(workerOptions));
}
