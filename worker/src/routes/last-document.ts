/**
 * Renders a document once for all readers who would get the very same: those of one tenth of a second
 * who came to the same address. Rendering takes ten times as long as all else that an answer needs.
 */

import type { PageContext, renderPage } from "../../view/document.ts";
import type { Reading } from "../freshness/last-good.ts";
import type { SummaryText } from "../keeper/kept.ts";
import { ageSeconds, published, publishedTag } from "./published.ts";

type Render = typeof renderPage;

/** Keeps one document and no more, since the address is for the reader to choose. */
export function rememberLast(render: Render) {
  let last = { key: "", document: "" };
  return (reading: Reading<SummaryText> | undefined, context: PageContext): string => {
    if (!reading) return render(undefined, context);
    const { pageUrl, theme } = context;
    const key = JSON.stringify([publishedTag(reading), ageSeconds(reading), pageUrl, theme]);
    if (last.key !== key) last = { key, document: render(published(reading), context) };
    return last.document;
  };
}
