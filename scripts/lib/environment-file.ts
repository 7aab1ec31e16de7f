/**
 * Loads the environment file where the runtime does not do it by itself. Bun is given the file by
 * the scripts of package.json; Deno is when it is started with `--env-file=.env`, and else gets it
 * here through @std/dotenv, the one package that only Deno resolves (see deno.json).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A variable, so that neither Bun nor the type checker looks for a package they cannot have. */
const DOTENV = "@std/dotenv";

/** @throws Error when the package cannot be fetched, naming the flag that needs no package */
export async function loadEnvironmentFile(folder = process.env.STATE_DIR ?? "."): Promise<void> {
  if (!("Deno" in globalThis)) return;
  const envPath = join(folder, ".env");
  if (!existsSync(envPath)) return;
  const names = [...readFileSync(envPath, "utf8").matchAll(/^\s*(\w+)=/gm)].map(([, name]) => name);
  if (names.every((name) => process.env[name as string] !== undefined)) return;
  try {
    const { load } = await import(DOTENV);
    await load({ envPath, export: true });
  } catch (error) {
    throw new Error(
      `Cannot load ${envPath} with ${DOTENV}: ${(error as Error).message}; start with \`deno run --env-file=${envPath}\` instead`,
      { cause: error },
    );
  }
}
