import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

/** Runs Biome on the checkout; returns its exit status. */
export const runBiome = (...words: string[]) =>
  Bun.spawn([process.execPath, join(ROOT, "node_modules/.bin/biome"), ...words], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  }).exited;
