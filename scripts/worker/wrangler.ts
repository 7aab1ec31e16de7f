/**
 * Runs wrangler under Bun, so that no newer Node.js is needed. It tells nobody that it runs, and
 * leaves nothing outside of the folder that it is given.
 */
import { join } from "node:path";
import { ROOT } from "../lib/config.ts";

export const WRANGLER_CONFIG = join(ROOT, "worker/wrangler.jsonc");

/** @throws Error with all that wrangler said when it fails */
export async function runWrangler(
  scratch: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const program = Bun.spawn(
    [process.execPath, "--bun", join(ROOT, "node_modules/.bin/wrangler"), ...args],
    {
      cwd: join(ROOT, "worker"),
      env: { ...quietEnvironment(scratch), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  if (exitCode !== 0) throw new Error(`Cannot run wrangler ${args[0]}:\n${stdout}${stderr}`);
  return stdout;
}

function quietEnvironment(scratch: string): Record<string, string> {
  return {
    ...(process.env as Record<string, string>),
    CI: "1",
    DO_NOT_TRACK: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_LOG_PATH: join(scratch, "wrangler.log"),
    XDG_CONFIG_HOME: scratch,
  };
}
