/**
 * The saved queries: files in trino/queries, each of which begins with a line that says what it
 * tells. Superset has the same ones.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/config.ts";
import { UsageError } from "../lib/errors.ts";
import { suggestion } from "../lib/suggestion.ts";

const FOLDER = join(ROOT, "trino/queries");

export interface SavedQuery {
  name: string;
  explanation: string;
  text: string;
}

/** All of them by name. */
export function savedQueries(): SavedQuery[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".sql"));
  return files.sort().map((file) => {
    const text = readFileSync(join(FOLDER, file), "utf8");
    const explanation = /^-- (.+)/.exec(text)?.[1];
    if (explanation === undefined) {
      throw new Error(`Cannot read trino/queries/${file}: its first line is not an explanation`);
    }
    return { name: file.replace(/\.sql$/, ""), explanation, text };
  });
}

/**
 * The text of a saved query, or of a file.
 * @throws UsageError naming the saved ones when it is neither
 */
export function findQuery(nameOrFile: string): string {
  const saved = savedQueries();
  const found = saved.find(({ name }) => name === nameOrFile);
  if (found) return found.text;
  if (existsSync(nameOrFile)) return readFileSync(nameOrFile, "utf8");
  const names = saved.map(({ name }) => name);
  throw new UsageError(
    `Cannot find query ${nameOrFile}: it is no file, and the saved ones are ${names.join(", ")}${suggestion(nameOrFile, names)}`,
  );
}

/**
 * The text as Trino takes it: without the semicolon that other clients want at the end.
 * @throws UsageError when nothing is left
 */
export function statementOf(text: string): string {
  const lines = text.split("\n");
  while (lines.length > 0 && /^\s*(--.*)?$/.test(lines.at(-1)!)) lines.pop();
  const statement = lines.join("\n").replace(/[\s;]+$/, "");
  if (statement === "") throw new UsageError("Cannot query: there is no statement");
  return statement;
}
