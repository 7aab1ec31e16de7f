/**
 * Cuts the lines of one comment or document section into paragraphs and list items. Examples,
 * directives of tools and commented-out settings are not prose, and are left out.
 */
import type { Passage, PassageKind } from "./passage.ts";

/** Lines that tools read, or that show a setting or code. */
const NOT_PROSE =
  /^(?:biome-ignore|@ts-|eslint|shellcheck|noqa|type: ignore|sqlfluff|hadolint|syntax=|pragma|knip|[A-Z][A-Z0-9_]+=|[a-z][\w.-]*=\S*$|[-=─]{3,}$|https?:\S+$)/;
const LIST_ITEM = /^(?:[-*+]|\d+[.)])\s+/;
/** A tag of a docstring and its argument, such as `@param name`; the prose follows. */
const TAG = /^@(?:param|returns|throws|default|example|deprecated|see|module|internal)\b\s*/;

export function paragraphs(kind: PassageKind, firstLine: number, lines: string[]): Passage[] {
  const found: Passage[] = [];
  let open: Passage | undefined;
  let inCode = false;
  let inExample = false;
  const close = () => {
    if (open) found.push(open);
    open = undefined;
  };
  lines.forEach((raw, index) => {
    const text = raw.trim();
    if (/^(?:```|~~~)/.test(text)) {
      inCode = !inCode;
      close();
      return;
    }
    if (TAG.test(text)) inExample = text.startsWith("@example");
    if (inCode || inExample || text === "" || NOT_PROSE.test(text)) {
      close();
      return;
    }
    if (LIST_ITEM.test(text) || TAG.test(text)) close();
    open ??= { kind, line: firstLine + index, lines: [] };
    open.lines.push(text.replace(LIST_ITEM, "").replace(TAG, ""));
  });
  close();
  return found;
}
