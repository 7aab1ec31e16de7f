/**
 * Runs wrangler under Bun, so that no newer Node.js is needed. It sends no telemetry, and writes only
 * into the folder that it is given.
 */
import { join } from "node:path";
import { inheritedEnvironment } from "../../scripts/host/environment.ts";
import { ROOT } from "../../scripts/lib/config.ts";

export interface WranglerOptions {
  /** Folder for its log and its temporary files. */
  scratch: string;
  /** Lets wrangler use the account that a person has logged in to on this machine. */
  usesLogin?: boolean;
  /** Ends it early. */
  signal?: AbortSignal | undefined;
}

/** After SIGTERM, processes that still run are killed. */
const END_MS_MAX = 5_000;

/**
 * Returns what wrangler printed.
 * @throws Error with all its output when it fails; the signal's reason when that ended it, once none
 * of its processes runs any more
 */
export async function runWrangler(args: string[], options: WranglerOptions): Promise<string> {
  const { signal } = options;
  signal?.throwIfAborted();
  const program = Bun.spawn(
    [process.execPath, "--bun", join(ROOT, "node_modules/.bin/wrangler"), ...args],
    {
      cwd: join(ROOT, "worker"),
      env: quietEnvironment(options),
      stdio: ["ignore", "pipe", "pipe"],
      // Wrangler starts further processes. In a group of its own, one signal ends them all.
      detached: signal !== undefined,
    },
  );
  const endAll = () => endGroup(program.pid);
  signal?.addEventListener("abort", endAll, { once: true });
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  signal?.removeEventListener("abort", endAll);
  signal?.throwIfAborted();
  if (exitCode === 0) return stdout;
  throw new Error(Bun.stripANSI(`Cannot run wrangler ${args[0]}:\n${stdout}${stderr}`));
}

/** Ends all processes of a group, by force those that ignore SIGTERM. */
function endGroup(leader: number): void {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-leader, signal);
    } catch {
      // The group has ended.
    }
  };
  send("SIGTERM");
  setTimeout(() => send("SIGKILL"), END_MS_MAX).unref();
}

/** The environment of wrangler, and of a program that calls its functions. */
export function quietEnvironment({ scratch, usesLogin }: WranglerOptions): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    CI: "1",
    DO_NOT_TRACK: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    // The banner asks the registry for a newer version.
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_LOG_PATH: join(scratch, "wrangler.log"),
    // Else it remembers the account, and the next run may be for another one.
    WRANGLER_CACHE_DIR: join(scratch, "cache"),
    TMPDIR: scratch,
    ...(!usesLogin && { XDG_CONFIG_HOME: scratch }),
  };
}
