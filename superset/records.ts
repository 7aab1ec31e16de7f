/**
 * The source of Superset's records, noted as the comment on their database: the program with its
 * set-up, and the files of the dashboards. The mark is keyed: others can read the comment, and a
 * password is part of the source.
 */
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { trinoUrl } from "../scripts/lib/trino-address.ts";
import { SOURCES } from "./environment.ts";
import { SUPERSET } from "./install.ts";

/** The part of the records that the bootstrap writes, apart from the files. */
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

/** Whether a mark was made with the current files of the dashboards. */
export const hasSameAssets = (config: Config, mark: string | undefined): boolean =>
  mark?.endsWith(` assets ${assetsDigest(config)}`) ?? false;

/** The mark with the current files of the dashboards. */
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

/** Name and content of each file, in the same order on every machine. */
function contentsOf(folder: string, pattern: string): string[] {
  if (!existsSync(folder)) return [];
  const names = [...new Glob(pattern).scanSync(folder)].sort();
  return names.flatMap((name) => [name, readFileSync(join(folder, name), "utf8")]);
}
