/**
 * What Superset's records were made from, as the comment on their database says it: the program with
 * its set-up, and the files of the dashboards. Keyed, since others can read the comment and a password
 * is among what it is made from.
 */
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { trinoUrl } from "../scripts/lib/trino-address.ts";
import { SOURCES } from "./environment.ts";
import { SUPERSET } from "./install.ts";

/** What the bootstrap writes into the records, apart from the files. */
const settingsIn = (config: Config) => [
  String(config.SUPERSET_ADMIN_PASSWORD),
  config.SUPERSET_PUBLIC,
  trinoUrl(config),
];

export function recordsMark(config: Config): string {
  const setUp = digest(config, [...contentsOf(SOURCES, "*.py"), ...settingsIn(config)]);
  const program = basename(SUPERSET.folder(config));
  return `Records of ${program}, set up ${setUp}, assets ${assetsDigest(config)}`;
}

/** Whether a mark was made with the files of the dashboards as they are now. */
export const hasSameAssets = (config: Config, mark: string | undefined): boolean =>
  mark?.endsWith(` assets ${assetsDigest(config)}`) ?? false;

/** The mark, with the files of the dashboards as they are now. */
export const withAssets = (config: Config, mark: string): string =>
  mark.replace(/ assets \w+$/, ` assets ${assetsDigest(config)}`);

const assetsDigest = (config: Config) =>
  digest(config, [
    ...contentsOf(config.SUPERSET_ASSETS_FOLDER, "**/*.yaml"),
    ...contentsOf(join(ROOT, "trino/queries"), "*.sql"),
    ...contentsOf(SOURCES, "bundle.py"),
  ]);

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
