/**
 * The files of this checkout: those that git tracks or would track, also in a checkout without git.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../scripts/lib/config.ts";

/** Paths from the root of the checkout, sorted. */
export function checkoutFiles(): string[] {
  const paths = listedByGit() ?? walk(ROOT, readFileSync(join(ROOT, ".gitignore"), "utf8"));
  // git still lists files that were just deleted.
  return paths.filter((path) => existsSync(join(ROOT, path))).sort();
}

/** Undefined without git, or in a checkout that was unpacked from an archive. */
function listedByGit(): string[] | undefined {
  if (!Bun.which("git") || !existsSync(join(ROOT, ".git"))) return undefined;
  const git = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT },
  );
  if (!git.success) throw new Error(`Cannot list the files of the checkout: ${git.stderr}`);
  return [...new Set(git.stdout.toString().split("\0"))].filter((path) => path !== "");
}

/**
 * All files below a folder except those that its `.gitignore` leaves out. Understands names such as
 * `*.log`, folders such as `node_modules/`, and paths from the root; ours has no others.
 */
export function walk(root: string, gitignore: string): string[] {
  const lines = gitignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const patterns = lines.map((line) => {
    const pattern = line.replace(/\/$/, "");
    return { glob: new Glob(pattern), isPath: pattern.includes("/"), isFolder: line.endsWith("/") };
  });
  const isIgnored = (path: string, isDirectory: boolean) =>
    patterns.some(
      ({ glob, isPath, isFolder }) =>
        (isDirectory || !isFolder) && glob.match(isPath ? path : basename(path)),
    );
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (path === ".git" || isIgnored(path, entry.isDirectory())) return [];
      return entry.isDirectory() ? below(path) : [path];
    });
  return below("");
}
