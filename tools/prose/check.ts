/** Checks all prose of one file against every rule. */
import { sum } from "../../scripts/lib/sum.ts";
import { passagesOf } from "./file.ts";
import { countWords, sentencesOf } from "./passage.ts";
import { type Checkout, commandFaults, type Finding, linkFaults } from "./references.ts";
import { HEADER_LINES_MAX, README_WORDS_MAX, sentenceFaults } from "./rules.ts";

export function findingsOf(path: string, source: string, checkout: Checkout): Finding[] {
  const passages = passagesOf(path, source);
  if (!passages) return [];
  const findings = passages.flatMap((passage) =>
    sentencesOf(passage).flatMap(({ line, text }) =>
      sentenceFaults(text, passage.kind).map((fault) => ({
        line,
        rule: fault.rule,
        detail: `${fault.detail}\n    ${text}`,
      })),
    ),
  );
  const header = passages.filter(({ kind }) => kind === "header");
  const lines = sum(header.map((passage) => passage.lines.length));
  if (lines > HEADER_LINES_MAX) {
    findings.push({
      line: header[0]?.line ?? 1,
      rule: "long header",
      detail: `${lines} lines at the top of the file, at most ${HEADER_LINES_MAX}`,
    });
  }
  if (path.endsWith(".md")) findings.push(...linkFaults(path, source, checkout));
  if (path === "README.md" && countWords(source) > README_WORDS_MAX) {
    const detail = `${countWords(source)} words, at most ${README_WORDS_MAX}`;
    findings.push({ line: 1, rule: "long README", detail });
  }
  if (!/\.test\.ts$/.test(path)) findings.push(...commandFaults(source, checkout));
  return findings.sort((a, b) => a.line - b.line);
}
