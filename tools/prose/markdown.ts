/** Finds the prose of a Markdown document: paragraphs, list items, headings, cells of tables. */
import { paragraphs } from "./paragraphs.ts";
import type { Passage } from "./passage.ts";

const TABLE_RULE = /^\|?[\s:|-]+\|?$/;

export function passagesOfMarkdown(source: string): Passage[] {
  const passages: Passage[] = [];
  const lines = source
    .replace(/<!--.*?-->/gs, (comment) => comment.replace(/[^\n]/g, ""))
    .split("\n");
  let block: string[] = [];
  let blockLine = 1;
  let inCode = false;
  const close = () => {
    passages.push(...paragraphs("document", blockLine, block));
    block = [];
  };
  lines.forEach((line, index) => {
    const text = line.trim();
    if (/^(?:```|~~~)/.test(text)) inCode = !inCode;
    if (!inCode && text.startsWith("#")) {
      close();
      passages.push({ kind: "heading", line: index + 1, lines: [text.replace(/^#+\s*/, "")] });
    } else if (!inCode && text.startsWith("|")) {
      close();
      if (!TABLE_RULE.test(text)) passages.push(...cells(text, index + 1));
    } else {
      if (block.length === 0) blockLine = index + 1;
      block.push(line.replace(/^\s*>\s?/, ""));
    }
  });
  close();
  return passages;
}

const cells = (row: string, line: number): Passage[] =>
  row
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell): Passage => ({ kind: "document", line, lines: [cell.trim()] }))
    .filter(({ lines }) => lines[0] !== "");

/** The anchors that GitHub gives to the headings of a document. */
export function anchorsOf(source: string): Set<string> {
  const anchors = new Set<string>();
  for (const { kind, lines } of passagesOfMarkdown(source)) {
    if (kind !== "heading") continue;
    const slug = (lines[0] as string)
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
