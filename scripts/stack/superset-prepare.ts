/**
 * Called by superset/start: makes the database of Superset and has superset/bootstrap.py fill it,
 * where what is there was made from other files or settings. Superset takes some ten seconds to find
 * out by itself that there is nothing to do.
 */
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Glob } from "bun";
import { type Config, ConfigError, ROOT, readConfig } from "../lib/config.ts";
import { trinoUrl } from "../lib/trino.ts";
import { dataFolder, makePrivateFolder, pythonFolder } from "./folders.ts";
import { prepareRecords } from "./records-database.ts";

const NEEDED = [
  "SUPERSET_ADMIN_PASSWORD",
  "SUPERSET_POSTGRES_PASSWORD",
  "SUPERSET_SECRET_KEY",
  "SUPERSET_GUEST_TOKEN_SECRET",
  "SUPERSET_ASYNC_QUERY_SECRET",
] as const satisfies (keyof Config)[];

/** What the bootstrap writes into the records, apart from the files. */
const settingsIn = (config: Config) => [
  config.SUPERSET_ADMIN_PASSWORD!,
  config.SUPERSET_PUBLIC,
  trinoUrl(config),
];

function assertSecrets(config: Config): void {
  const missing = NEEDED.filter((name) => !config[name]);
  if (missing.length === 0) return;
  throw new ConfigError(
    `Cannot start Superset: not set are ${missing.join(", ")}; \`bun run up\` generates them`,
  );
}

/** Keyed, since others can read the mark and a password is among what it is made from. */
function digest(config: Config, parts: string[]): string {
  const hash = createHmac("sha256", String(config.SUPERSET_SECRET_KEY));
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest("hex").slice(0, 16);
}

/** Name and content of each file, in an order that is the same everywhere. */
function contentsOf(folder: string, pattern: string): string[] {
  if (!existsSync(folder)) return [];
  const names = [...new Glob(pattern).scanSync(folder)].sort();
  return names.flatMap((name) => [name, readFileSync(join(folder, name), "utf8")]);
}

try {
  const config = readConfig();
  assertSecrets(config);
  makePrivateFolder(dataFolder(config, "superset"));
  const folder = pythonFolder(config, "superset");
  const sources = join(ROOT, "superset");
  const assets = resolve(process.env.SUPERSET_ASSETS ?? join(sources, "assets"));
  const setUp = digest(config, [...contentsOf(sources, "*.py"), ...settingsIn(config)]);
  const imported = digest(config, [
    ...contentsOf(assets, "**/*.yaml"),
    ...contentsOf(join(ROOT, "trino/queries"), "*.sql"),
    ...contentsOf(sources, "bundle.py"),
  ]);
  await prepareRecords(config, "superset", {
    mark: `Records of ${basename(folder)}, set up ${setUp}, assets ${imported}`,
    bringUpToDate: (former) => {
      const parts = former?.endsWith(` assets ${imported}`) ? [] : ["--import", assets];
      const command = [join(folder, "bin/python"), join(sources, "bootstrap.py"), ...parts];
      const { exitCode } = Bun.spawnSync(command, { stdio: ["ignore", "inherit", "inherit"] });
      if (exitCode !== 0) throw new Error("Cannot prepare the records of Superset, as said above");
    },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
