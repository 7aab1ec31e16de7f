/**
 * A copy of the checkout, as a person would have it: the files that git knows, and the packages.
 */
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

/** Nothing that a test needs is in it. */
const LEFT_OUT = /^bench\//;

/** New files count, too; the packages are shared. */
export function copyCheckout(folder: string): void {
  const git = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT },
  );
  if (!git.success) throw new Error(`Cannot list the files of the checkout: ${git.stderr}`);
  for (const path of git.stdout.toString().split("\0")) {
    if (path === "" || LEFT_OUT.test(path) || !existsSync(join(ROOT, path))) continue;
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}
