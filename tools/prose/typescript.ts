/**
 * Finds the prose of a TypeScript, JavaScript or CSS file: comments, titles of tests, and texts that
 * people read, such as help and error messages. A small scanner is enough: it knows strings,
 * templates, comments and regular expressions, nothing else.
 */
import { paragraphs } from "./paragraphs.ts";
import type { Passage } from "./passage.ts";

interface Token {
  kind: "line comment" | "block comment" | "string";
  start: number;
  text: string;
}

/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|of|in|do|else|void))\s*$/;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** Depth of braces within each template's `${`. */
  const templates: number[] = [];
  let at = 0;
  const readTemplate = (start: number) => {
    for (at = start; at < source.length; at++) {
      if (source[at] === "\\") at += 1;
      else if (source[at] === "`") break;
      else if (source[at] === "$" && source[at + 1] === "{") {
        tokens.push({ kind: "string", start, text: source.slice(start, at) });
        templates.push(0);
        at += 2;
        return;
      }
    }
    tokens.push({ kind: "string", start, text: source.slice(start, at) });
    at += 1;
  };
  while (at < source.length) {
    const letter = source[at] as string;
    const next = source[at + 1];
    if (letter === "/" && (next === "/" || next === "*")) {
      const isLine = next === "/";
      const close = source.indexOf(isLine ? "\n" : "*/", at + 2);
      const end = close < 0 ? source.length : close;
      tokens.push({
        kind: isLine ? "line comment" : "block comment",
        start: at,
        text: source.slice(at + 2, end),
      });
      at = isLine ? end : end + 2;
    } else if (letter === '"' || letter === "'") {
      const start = at + 1;
      for (at = start; at < source.length && source[at] !== letter && source[at] !== "\n"; at++) {
        if (source[at] === "\\") at += 1;
      }
      tokens.push({ kind: "string", start, text: source.slice(start, at) });
      at += 1;
    } else if (letter === "`") {
      readTemplate(at + 1);
    } else if (letter === "/" && BEFORE_REGEX.test(source.slice(Math.max(0, at - 20), at))) {
      at = endOfRegex(source, at);
    } else {
      const depth = templates.at(-1);
      if (depth !== undefined && letter === "}" && depth === 0) {
        templates.pop();
        readTemplate(at + 1);
        continue;
      }
      if (depth !== undefined && letter === "{") templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && letter === "}") templates[templates.length - 1] = depth - 1;
      at += 1;
    }
  }
  return tokens;
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const letter = source[at];
    if (letter === "\\") at += 1;
    else if (letter === "\n") return start + 1;
    else if (letter === "[") inClass = true;
    else if (letter === "]") inClass = false;
    else if (letter === "/" && !inClass) return at + 1;
  }
  return start + 1;
}

export function passagesOfTypeScript(source: string, isTest: boolean): Passage[] {
  const lineStarts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) {
    lineStarts.push(at + 1);
  }
  let line = 0;
  const lineOf = (start: number) => {
    while (line + 1 < lineStarts.length && (lineStarts[line + 1] as number) <= start) line += 1;
    return line + 1;
  };
  const passages: Passage[] = [];
  let run: { line: number; lines: string[] } | undefined;
  const closeRun = () => {
    if (run) passages.push(...paragraphs("comment", run.line, run.lines));
    run = undefined;
  };
  let isFirst = true;
  for (const { kind, start, text } of tokensOf(source)) {
    const at = lineOf(start);
    const isAlone = source.slice(lineStarts[at - 1], start).trim() === "";
    if (kind !== "line comment" || !isAlone || (run && at !== run.line + run.lines.length)) {
      closeRun();
    }
    if (kind === "line comment") {
      if (isAlone) {
        run ??= { line: at, lines: [] };
        run.lines.push(text);
      } else passages.push(...paragraphs("comment", at, [text]));
    } else if (kind === "block comment") {
      const lines = text.split("\n").map((one) => one.replace(/^\s*\*+ ?/, ""));
      const isHeader = isFirst && isTop(source.slice(0, start));
      passages.push(...paragraphs(isHeader ? "header" : "comment", at, lines));
    } else {
      const isTitle =
        isTest &&
        /\btest(?:\.each\([^)]*\)+|\.\w+)?\(\s*$/.test(
          source.slice(Math.max(0, start - 200), start - 1),
        );
      if (isTitle) passages.push({ kind: "test-title", line: at, lines: [text] });
      else if (!isTest && isMessage(text))
        passages.push(...paragraphs("message", at, text.split("\n")));
    }
    if (kind !== "string") isFirst = false;
  }
  closeRun();
  return passages;
}

/** Whether only the interpreter's line and imports come before. */
const isTop = (before: string) => /^(?:#!.*\n)?(?:\s*import [^;]*;)*\s*$/.test(before);

/** A text of several words that is not code, a statement of SQL or a list of class names. */
const isMessage = (text: string) =>
  text.trim().split(/\s+/).length >= 4 &&
  /^[\s"'(]*[A-Za-z]/.test(text) &&
  /[a-z]{2,} [a-z]{2,}/.test(text) &&
  !/\b(?:select|insert into|update|delete from|create|alter|grant|with) [\w".$]+|[{};]\s*$|=>|<\/?\w+[ >]/i.test(
    text,
  );
