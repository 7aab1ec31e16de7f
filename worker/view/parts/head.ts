/** What a browser, a search engine and a chat that shows a link want to know. */
import { html, raw } from "hono/html";
import type { PublishedSummary } from "../../../schema/summary.ts";
import type { PageAssets } from "../assets.ts";
import { formatCount, formatDate, formatMinute, formatPerHundred } from "../model/format.ts";
import { isExact } from "../model/ledger-words.ts";
import type { Html } from "./place.ts";

export const TITLE = "User activity, live";

export interface Head {
  title: string;
  assets: PageAssets;
  isLive: boolean;
  /** What only the page itself has. */
  more?: Html;
}

export const head = ({ title, assets, isLive, more }: Head): Html => html`<head>
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

/** For the page itself: its description and the preview of a link to it. */
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
  // A chat keeps what it has read for days: a time without its day would look like today's.
  return `${formatCount(events)} events of ${formatCount(users)} users${once}; ${formatPerHundred(conversion_rate)} purchases per 100 views. As of ${formatDate(as_of)}, ${formatMinute(as_of)} UTC.`;
}

/** Data for the script. A "<" inside it could end the element early. */
export const dataScript = (summary: PublishedSummary | undefined): Html =>
  html`<script type="application/json" id="summary">${raw(JSON.stringify(summary ?? null).replaceAll("<", "\\u003c"))}</script>`;
