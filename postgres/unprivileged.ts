/** PostgreSQL refuses to run as root. Root runs it through a prefix that gives up its rights. */
import { ConfigError } from "../scripts/lib/errors.ts";

export interface Unprivileged {
  /** First words of a command that gives up root's rights; empty for other users. */
  prefix: string[];
  /** Id of the user that must own the data. */
  owner: number;
}

/** The id of `nobody`. */
const NOBODY = 65_534;

/**
 * In a user namespace root has another number, but owns the same files. Where namespaces are
 * refused, the server runs as `nobody`. That process may read past root's folders (no_setuid_fixup
 * makes access(2) agree), but writes only its own data.
 * @throws ConfigError when root's rights cannot be given up
 */
export function unprivileged(program: string): Unprivileged {
  const user = process.getuid!();
  if (user !== 0) return { prefix: [], owner: user };
  const namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"];
  if (runs([...namespace, "true"])) return { prefix: resolved(namespace), owner: user };
  for (const right of ["dac_read_search", "dac_override"]) {
    const prefix = [
      ...["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
      ...["inh-caps", "ambient-caps", "bounding-set"].map((set) => `--${set}=-all,+${right}`),
      ...["--securebits=+no_setuid_fixup", "--no-new-privs", "--"],
    ];
    if (runs([...prefix, "test", "-x", program])) {
      return { prefix: resolved(prefix), owner: NOBODY };
    }
  }
  throw new ConfigError(
    "Cannot start PostgreSQL: root must not run it, and neither unshare nor setpriv may give up root's rights here; run as another user",
  );
}

function runs(command: string[]): boolean {
  if (!Bun.which(command[0]!)) return false;
  return Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] }).exitCode === 0;
}

const resolved = ([name, ...rest]: string[]): string[] => [Bun.which(name!)!, ...rest];
