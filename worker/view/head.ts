/** The head of a document: what browsers, search engines and link previews read. */
import { html, raw } from "hono/html";
import type { PublishedSummary } from "../../schema/summary.ts";
import { formatCount, formatDate, formatMinute, formatPerHundred } from "./format.ts";
import { isExact } from "./ledger.ts";
import type { Html } from "./slots.ts";

export const TITLE = "User activity, live";

/** Addresses of the built files. Each name holds a hash of the content, such as "/page-1a2b.js". */
export interface PageAssets {
  script: string;
  style: string;
}

interface HeadOptions {
  title: string;
  assets: PageAssets;
  /** Whether the script keeps the document up to date. */
  isLive: boolean;
  /** Further elements of the head. */
  more?: Html;
}

export const head = ({ title, assets, isLive, more }: HeadOptions): Html => html`<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${assets.style}">
${isLive ? html`<script type="module" src="${assets.script}"></script>` : ""}
<link rel="icon" href="/favicon.ico" sizes="32x32">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
${more ?? ""}
</head>`;

/** The page's description, for search engines and for previews of a link. */
export function preview(summary: PublishedSummary | undefined, pageUrl: string): Html {
  const description = describe(summary);
  return html`<meta name="description" content="${description}">
<link rel="canonical" href="${pageUrl}/">
<meta name="theme-color" content="#fbfbfa" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0f1114" media="(prefers-color-scheme: dark)">
<meta property="og:type" content="website">
<meta property="og:url" content="${pageUrl}/">
<meta property="og:title" content="${TITLE}">
<meta property="og:description" content="${description}">
<meta property="og:image" content="${pageUrl}/preview.png">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:alt" content="The numbers of this page and a chart of the last hour">
<meta name="twitter:card" content="summary_large_image">
<noscript><meta http-equiv="refresh" content="30"></noscript>`;
}

function describe(summary: PublishedSummary | undefined): string {
  if (!summary) return "User events on their way from Kafka to this page, live.";
  const { events, users, conversion_rate, ledger, as_of } = summary;
  const once = isExact(ledger) ? ", each counted once" : "";
  // Chats cache a preview for days: a time without its date would look like today's.
  return `${formatCount(events)} events of ${formatCount(users)} users${once}; ${formatPerHundred(conversion_rate)} purchases per 100 views. As of ${formatDate(as_of)}, ${formatMinute(as_of)} UTC.`;
}

/** The summary as data for the script. A "<" inside it could end the element early. */
export const dataScript = (summary: PublishedSummary | undefined): Html =>
  html`<script type="application/json" id="summary">${raw(JSON.stringify(summary ?? null).replaceAll("<", "\\u003c"))}</script>`;
