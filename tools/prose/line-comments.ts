/**
 * Finds the prose of files whose comments begin with a mark on each line: Python, SQL, shell, YAML,
 * settings. Docstrings, the descriptions of dbt and SQL's `comment on` are prose, too.
 */
import { paragraphs } from "./paragraphs.ts";
import type { Passage } from "./passage.ts";

export type CommentStyle = "python" | "sql" | "hash" | "xml";

const MARKS: Record<Exclude<CommentStyle, "xml">, RegExp> = {
  python: /^\s*#(?!!)+ ?(.*)$/,
  sql: /^\s*-- ?(.*)$/,
  hash: /^\s*[#;](?!!)+ ?(.*)$/,
};

export function passagesOfLines(source: string, style: CommentStyle): Passage[] {
  const blocks = TEXTS[style](source);
  const inBlock = new Set(
    blocks.flatMap(({ from, lines }) => lines.map((_, index) => from + index)),
  );
  const passages = blocks.flatMap(({ from, lines, isHeader }) =>
    paragraphs(isHeader ? "header" : "comment", from, lines),
  );
  if (style === "xml") return passages;
  const mark = MARKS[style];
  let run: { line: number; lines: string[] } | undefined;
  let isTop = true;
  const close = () => {
    if (run) passages.push(...paragraphs(isTop ? "header" : "comment", run.line, run.lines));
    if (run) isTop = false;
    run = undefined;
  };
  source.split("\n").forEach((line, index) => {
    const comment = inBlock.has(index + 1) ? null : mark.exec(line);
    if (comment) {
      run ??= { line: index + 1, lines: [] };
      run.lines.push(comment[1] as string);
      return;
    }
    close();
    if (line.trim() !== "" && !line.startsWith("#!")) isTop = false;
  });
  close();
  return passages.sort((a, b) => a.line - b.line);
}

interface Block {
  from: number;
  lines: string[];
  isHeader?: boolean;
}

const lineAt = (source: string, at: number) => source.slice(0, at).split("\n").length;

function docstrings(source: string): Block[] {
  return [...source.matchAll(/^[ \t]*(?:"""|''')([\s\S]*?)(?:"""|''')/gm)].map((match) => {
    // A docstring that begins with a heading is a document, as those of Airflow's DAGs are.
    const isTop = /^(?:#!.*\n)?\s*$/.test(source.slice(0, match.index));
    const isHeader = isTop && !/^\s*#/.test(match[1] as string);
    return { from: lineAt(source, match.index), lines: (match[1] as string).split("\n"), isHeader };
  });
}

/** Block comments, those of dbt's templates, and the texts of `comment on`. */
function sqlTexts(source: string): Block[] {
  const blocks = [...source.matchAll(/\/\*([\s\S]*?)\*\/|\{#-?([\s\S]*?)-?#\}/g)].map((match) => ({
    from: lineAt(source, match.index),
    lines: (match[1] ?? match[2] ?? "").split("\n"),
    isHeader: source.slice(0, match.index).trim() === "",
  }));
  const comments = [...source.matchAll(/^comment on [^;']* is '((?:[^']|'')*)'/gim)].map(
    (match) => ({
      from: lineAt(source, match.index),
      lines: (match[1] as string).replaceAll("''", "'").split("\n"),
    }),
  );
  return [...blocks, ...comments];
}

const xmlTexts = (source: string): Block[] =>
  [...source.matchAll(/<!--([\s\S]*?)-->/g)].map((match) => ({
    from: lineAt(source, match.index),
    lines: (match[1] as string).split("\n"),
  }));

/** The values of `description`, on the same line or in the block below. */
function yamlTexts(source: string): Block[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index): Block[] => {
    const match = /^(\s*(?:- )?)description:\s*(.*)$/.exec(line);
    if (!match) return [];
    const value = match[2] as string;
    if (value !== "" && !/^[>|][+-]?$/.test(value)) {
      return [{ from: index + 1, lines: [value.replace(/^(["'])(.*)\1$/, "$2")] }];
    }
    const indent = (match[1] as string).length;
    const block: string[] = [];
    for (const next of lines.slice(index + 1)) {
      if (next.trim() !== "" && next.length - next.trimStart().length <= indent) break;
      block.push(next);
    }
    return [{ from: index + 2, lines: block }];
  });
}

/** The texts of each style that are not comments on lines of their own. */
const TEXTS: Record<CommentStyle, (source: string) => Block[]> = {
  python: docstrings,
  sql: sqlTexts,
  hash: yamlTexts,
  xml: xmlTexts,
};
