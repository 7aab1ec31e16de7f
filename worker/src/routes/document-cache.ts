/**
 * Renders a document once for all requests that get the same one: those of the same address within a
 * tenth of a second. Rendering takes ten times as long as the rest of a response.
 */
import type { PageContext, renderPage } from "../../view/document.ts";
import type { Reading } from "../freshness/last-good.ts";
import type { SummaryText } from "../keeper/origin.ts";
import { ageSeconds, published, publishedTag } from "./published.ts";

type Render = typeof renderPage;

/** Caches one document only: readers choose the address, and could fill a larger cache. */
export function cacheDocument(render: Render) {
  let last = { key: "", document: "" };
  return (reading: Reading<SummaryText> | undefined, context: PageContext): string => {
    if (!reading) return render(undefined, context);
    const { pageUrl, theme } = context;
    const key = JSON.stringify([publishedTag(reading), ageSeconds(reading), pageUrl, theme]);
    if (last.key !== key) last = { key, document: render(published(reading), context) };
    return last.document;
  };
}
