/**
 * Runs wrangler under Bun, so that no newer Node.js is needed. It tells nobody that it runs, and
 * leaves nothing outside of the folder that it is given.
 */
import { join } from "node:path";
import { inheritedEnvironment } from "../host/environment.ts";
import { ROOT } from "../lib/config.ts";

interface Options {
  /** Takes its log and other leftovers. */
  scratch: string;
  /** Lets it find the account that somebody has logged in to with it on this machine. */
  usesLogin?: boolean;
  /** Ends it early. */
  signal?: AbortSignal | undefined;
}

/** How long it may take to end when it is told to. */
const END_MS_MAX = 5_000;

/**
 * Gives what wrangler printed.
 * @throws Error with all that it said when it fails; the signal's reason when that ended it, as soon
 * as nothing of it runs any more
 */
export async function runWrangler(args: string[], options: Options): Promise<string> {
  const { signal } = options;
  signal?.throwIfAborted();
  const program = Bun.spawn(
    [process.execPath, "--bun", join(ROOT, "node_modules/.bin/wrangler"), ...args],
    {
      cwd: join(ROOT, "worker"),
      env: quietEnvironment(options),
      stdio: ["ignore", "pipe", "pipe"],
      // It starts others, and all of them can be ended at once when they are a group.
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

/** Ends all processes of a group, and those that do not listen by force. */
function endGroup(leader: number): void {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-leader, signal);
    } catch {
      // None of them is left.
    }
  };
  send("SIGTERM");
  setTimeout(() => send("SIGKILL"), END_MS_MAX).unref();
}

/** Also for a program that calls wrangler's functions. */
export function quietEnvironment({ scratch, usesLogin }: Options): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    CI: "1",
    DO_NOT_TRACK: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    // The banner asks the registry whether there is a newer version.
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_LOG_PATH: join(scratch, "wrangler.log"),
    // Else it keeps the account for the next time, which may be meant for another.
    WRANGLER_CACHE_DIR: join(scratch, "cache"),
    TMPDIR: scratch,
    ...(!usesLogin && { XDG_CONFIG_HOME: scratch }),
  };
}
