/**
 * The rules of plain English for this project. A rule names a pattern that made the text hard
 * to read, and what to write instead. The patterns apply to one sentence, with code left out.
 */
import { countWords, type PassageKind, plainWords } from "./passage.ts";

interface Rule {
  name: string;
  /** What to write instead. */
  advice: string;
  pattern: RegExp;
}

/** Words of a sentence in documents and comments. */
const SENTENCE_WORDS_MAX = 25;
/** Lines of text in the comment at the top of a file. */
export const HEADER_LINES_MAX = 5;
/** Words of README.md, code and tables included. */
export const README_WORDS_MAX = 900;

const PROGRAMS = [
  ...["program", "process", "consumer", "producer", "client", "server", "service", "broker"],
  ...["worker", "node", "writer", "script", "caller", "member", "container", "page"],
  ...["browser", "proxy", "keeper", "origin", "stack", "database", "supervisor", "driver", "job"],
  ...["thread", "task", "tool", "machine", "kafka", "postgresql", "trino", "superset", "airflow"],
].join("|");

const RULES: readonly Rule[] = [
  {
    name: "anew",
    advice: 'write "again", or the verb with re-: recount, rebuild, reread',
    pattern: /\banew\b/i,
  },
  {
    name: "who",
    advice: 'programs are "which" or "that"; name the subject',
    pattern: new RegExp(
      `\\bwhoever\\b|\\bwhosoever\\b|\\b(?:${PROGRAMS})s? who\\b|^Who\\b(?!.*\\?$)`,
      "i",
    ),
  },
  {
    name: "is no",
    advice: 'write "is not a …", or name what it is instead',
    pattern:
      /\b(?:what|that|which|it|they|one) (?:is|are|was|were) (?:none\b|no (?!longer|more|less|better|worse|other|need|doubt|way|reason|longer))/i,
  },
  {
    name: "by itself",
    advice: 'write "automatically", "alone" or "on its own"',
    pattern: /\bby (?:itself|themselves)\b/i,
  },
  {
    name: "at the most",
    advice: 'write "at most N", or "at least N"',
    pattern: /\bat the (?:most|least)\b/i,
  },
  {
    name: "so many",
    advice: 'name the number: "N rows", "the count"',
    pattern: /\bso (?:many|much)\b(?! (?:that|as))/i,
  },
  {
    name: "brings",
    advice: "name the action: installs, adds, includes, returns",
    pattern: /\b(?:brings?|brought)\b(?!.*\bup\b)/i,
  },
  {
    name: "tells",
    advice: 'a function "returns"; a program "prints" or "reports"',
    pattern: /^Tells?,? (?:whether|when|if|what|how|where|which|that|on|of|apart)\b/,
  },
  {
    name: "fragment",
    advice: "begin with the subject, and write a whole sentence",
    pattern: /^(?:Of|Those)\b(?! course)/,
  },
];

/** What is wrong with one sentence. */
export function sentenceFaults(
  text: string,
  kind: PassageKind,
): { rule: string; detail: string }[] {
  const faults: { rule: string; detail: string }[] = [];
  const words = countWords(text);
  const counts = kind === "document" || kind === "comment" || kind === "header";
  if (counts && words > SENTENCE_WORDS_MAX) {
    const detail = `${words} words, at most ${SENTENCE_WORDS_MAX}: one idea a sentence`;
    faults.push({ rule: "long sentence", detail });
  }
  const plain = plainWords(text);
  for (const { name, advice, pattern } of RULES) {
    const found = pattern.exec(plain);
    if (found) faults.push({ rule: name, detail: `"${found[0]}": ${advice}` });
  }
  return faults;
}
