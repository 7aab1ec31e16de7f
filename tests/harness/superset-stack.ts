/** The Superset that the files about the dashboard share, with a copy of the dashboard's own files. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, readConfig } from "../../scripts/lib/config.ts";
import { runOrThrow } from "./script.ts";
import { sharedStack } from "./shared-stack.ts";
import type { Stack } from "./stack.ts";

/**
 * Its files are in the folder `SUPERSET_ASSETS_FOLDER` of its settings, which a test may change.
 */
export async function supersetStack({ isPublic = false } = {}): Promise<Stack> {
  const stack = await sharedStack("superset", {
    services: ["consumer", "superset"],
    settings: { SUPERSET_ASSETS_FOLDER: copyOfAssets(), SUPERSET_PUBLIC: String(isPublic) },
  });
  if (stack.config.SUPERSET_PUBLIC !== String(isPublic)) await setPublic(stack, isPublic);
  return stack;
}

/** Opens the dashboard to everyone, or closes it. */
export async function setPublic(stack: Stack, isPublic: boolean): Promise<void> {
  stack.settings = { ...stack.settings, SUPERSET_PUBLIC: String(isPublic) };
  stack.config = readConfig(stack.settings);
  await runOrThrow(stack.settings, "scripts/up.ts", ["superset"]);
}

function copyOfAssets(): string {
  const folder = mkdtempSync(join(tmpdir(), "superset-assets-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(ROOT, "superset/assets"), folder, { recursive: true });
  return folder;
}
