/**
 * Loads the environment file under Deno: `.env` in STATE_DIR where that is set, else in the checkout.
 * Bun is given the file by `scripts/run`. Variables that are set already stay as they are.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ROOT } from "./config.ts";
import { ConfigError } from "./errors.ts";

/** A variable, so that neither Bun nor the type checker looks for a package that only Deno gets. */
const DOTENV = "@std/dotenv";

/**
 * Loads the file with @std/dotenv. Where Deno cannot get that, since neither its cache nor JSR has
 * it, Node's own parser reads the file.
 * @throws ConfigError when the parser would read a value otherwise than @std/dotenv
 */
export async function loadEnvironmentFile(folder = process.env.STATE_DIR || ROOT): Promise<void> {
  if (!("Deno" in globalThis)) return;
  const envPath = join(folder, ".env");
  if (!existsSync(envPath)) return;
  const values = parseEnv(readFileSync(envPath, "utf8"));
  // Deno was given the file already, with `--env-file`.
  if (Object.keys(values).every((name) => process.env[name] !== undefined)) return;
  let dotenv: { load(options: { envPath: string; export: boolean }): Promise<unknown> };
  try {
    dotenv = await import(DOTENV);
  } catch (error) {
    for (const [name, value] of Object.entries(values)) {
      if (value?.includes("$") && process.env[name] === undefined) {
        throw new ConfigError(
          `Cannot load ${envPath}: ${name} refers to another variable, which needs ${DOTENV}, and that cannot be had (${(error as Error).message}); start with \`deno run --env-file=${envPath}\``,
          { cause: error },
        );
      }
      process.env[name] ??= value;
    }
    return;
  }
  await dotenv.load({ envPath, export: true });
}
