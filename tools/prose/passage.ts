/** A stretch of prose in a file: a paragraph, a table cell, a comment, or the text of a message. */

export type PassageKind = "document" | "heading" | "comment" | "header" | "message" | "test-title";

export interface Passage {
  kind: PassageKind;
  /** Number of the line where the passage starts, from 1. */
  line: number;
  /** Its lines, without comment marks. */
  lines: string[];
}

export interface Sentence {
  line: number;
  text: string;
}

/** Full stops after these end no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|vs|cf|etc|approx|no)\.$/i;
const SENTENCE_END = /[.!?]["')\]*_]*(?=\s|$)/g;

/** The sentences of a passage, each with the line on which it starts. */
export function sentencesOf({ line, lines }: Passage): Sentence[] {
  const text = lines.join("\n");
  const sentences: Sentence[] = [];
  let start = 0;
  const push = (end: number) => {
    const sentence = text.slice(start, end);
    const lead = sentence.length - sentence.trimStart().length;
    const linesBefore = text.slice(0, start + lead).split("\n").length - 1;
    const plain = sentence.replace(/\s+/g, " ").trim();
    if (plain !== "") sentences.push({ line: line + linesBefore, text: plain });
    start = end;
  };
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    if (!ABBREVIATION.test(text.slice(start, match.index + 1))) push(end);
  }
  push(text.length);
  return sentences;
}

/** Code, links and marks of Markdown reduced to the words that a reader counts. */
export function plainWords(text: string): string {
  return text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, " ")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/`[^`]*`/g, "CODE")
    .replace(/\$\{[^}]*\}/g, "CODE")
    .replace(/<\/?[a-z][^>]*>/gi, " ")
    .replace(/\bhttps?:\/\/\S+/g, "LINK")
    .replace(/\*\*|__/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

export const countWords = (text: string) =>
  plainWords(text)
    .split(" ")
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
