/** Finds all prose of one file, by its name and first line. */
import { type CommentStyle, passagesOfLines } from "./line-comments.ts";
import { passagesOfMarkdown } from "./markdown.ts";
import type { Passage } from "./passage.ts";
import { passagesOfTypeScript } from "./typescript.ts";

/** Written by programs or by others; or a released migration, whose text never changes. */
const FOREIGN =
  /^postgres\/migrations\/000[1-5]_|^tests\/harness\/std-dotenv\/|(?:^|\/)(?:LICENSE|worker-configuration\.d\.ts|bun\.lock)$|\.lock$|\.patch$/;

const STYLES: [RegExp, CommentStyle][] = [
  [/\.py$/, "python"],
  [/\.sql$/, "sql"],
  [/\.xml$/, "xml"],
  [
    /\.(?:ya?ml|properties|conf|cfg|toml|sh|override|in)$|(?:^|\/)(?:Dockerfile|_headers|\.env\.example|\.gitignore|\.dockerignore|\.sqlfluff|settings|plugins\.txt)$/,
    "hash",
  ],
];

/** Returns undefined for a file without prose of ours. */
export function passagesOf(path: string, source: string): Passage[] | undefined {
  if (FOREIGN.test(path)) return undefined;
  if (path.endsWith(".md")) return passagesOfMarkdown(source);
  if (/\.(?:ts|js|css|jsonc|java)$/.test(path)) {
    return passagesOfTypeScript(source, /\.test\.ts$/.test(path));
  }
  const style = STYLES.find(([name]) => name.test(path))?.[1];
  if (style) return passagesOfLines(source, style);
  return /^#!.*\b(?:sh|bash)\b|^# shellcheck shell=/.test(source)
    ? passagesOfLines(source, "hash")
    : undefined;
}
