/** PostgreSQL's requirements of the machine, for `doctor`. */
import { join } from "node:path";
import type { Finding } from "../scripts/host/service.ts";
import { postgresPrograms } from "./install.ts";
import { unprivileged } from "./unprivileged.ts";

export const checkPostgres = (): Finding[] => [checkPrograms(), checkUser()];

function checkPrograms(): Finding {
  const subject = "PostgreSQL";
  try {
    const asked = Bun.spawnSync([join(postgresPrograms(), "postgres"), "--version"]);
    if (asked.exitCode === 0) {
      return { subject, state: "ok", found: asked.stdout.toString().trim().split(" ").at(-1)! };
    }
    const fault = asked.stderr.toString();
    return {
      subject,
      state: "missing",
      found: `it does not run: ${fault.trim()}`,
      mend: `install the package with ${/lib[\w+.-]+/.exec(fault)?.[0] ?? "a library"}, on Debian \`apt-get install libstdc++6\``,
    };
  } catch (error) {
    const found = (error as Error).message;
    return { subject, state: "missing", found, mend: "run `bun install`" };
  }
}

/** PostgreSQL refuses root, so root needs a way to give up its rights. */
function checkUser(): Finding {
  const subject = "user";
  if (process.getuid?.() !== 0) return { subject, state: "ok", found: "not root" };
  try {
    const { prefix } = unprivileged(join(postgresPrograms(), "postgres"));
    const found = `root; PostgreSQL gives up its rights by ${prefix[0]}`;
    return { subject, state: "ok", found };
  } catch {
    return {
      subject,
      state: "missing",
      found: "root, and neither unshare nor setpriv can give up root's rights for PostgreSQL",
      mend: "run as another user",
    };
  }
}
