/** Builds the Worker in a program that is gone afterwards, with all the memory that it took. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/config.ts";
import { quietEnvironment } from "./wrangler.ts";

/** @throws Error with what the build said */
export async function prepareWorker(folder: string): Promise<void> {
  // The names of the page's files change with their content, so old ones would add up.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const program = Bun.spawn(
    [process.execPath, "--no-env-file", join(ROOT, "scripts/worker/build.ts"), folder],
    { env: quietEnvironment({ scratch: folder }), stdio: ["ignore", "ignore", "pipe"] },
  );
  const [exitCode, stderr] = await Promise.all([
    program.exited,
    new Response(program.stderr).text(),
  ]);
  if (exitCode !== 0) throw new Error(`Cannot build the Worker:\n${stderr}`);
}
