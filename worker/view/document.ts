/**
 * The HTML documents. The server renders all numbers into them, so that they need no script. Pure:
 * the same summary and settings give the same document.
 */
import { html } from "hono/html";
import type { PublishedSummary } from "../../schema/summary.ts";
import { chart, distribution, funnel, legend, timeline, topUsers, totals } from "./figures.ts";
import { dataScript, head, type PageAssets, preview, TITLE } from "./head.ts";
import { hops, ledger, status } from "./proof.ts";
import { type Html, textSlot } from "./slots.ts";
import { describeAge, describeNumbers, type View } from "./view.ts";

export interface PageContext {
  supersetUrl: string | undefined;
  /** Address of the page, without a slash at the end. */
  pageUrl: string;
  assets: PageAssets;
  /** Colour scheme of the frame; without one, the reader's own. */
  theme?: "light" | "dark" | undefined;
}

export function renderPage(summary: PublishedSummary | undefined, context: PageContext): string {
  const { assets, pageUrl, supersetUrl } = context;
  const view = describe(summary);
  return html`<!doctype html>
<html lang="en">
${head({ title: TITLE, assets, isLive: true, more: preview(summary, pageUrl) })}
<body>
<div class="page">
${header(view, supersetUrl)}
<main>
<noscript><p class="note">Without JavaScript this page does not move; it loads itself again every 30 seconds.</p></noscript>
${totals(view)}
${timeline(view)}
<div class="columns">
${distribution(view)}
${funnel(view)}
${topUsers(view)}
</div>
${hops(view)}
${ledger(view)}
</main>
<footer>
${sharing(pageUrl)}
</footer>
</div>
${dataScript(summary)}
</body>
</html>
`.toString();
}

const header = (view: View, supersetUrl: string | undefined): Html => html`<header>
<div class="title">
${LOGO}
<h1>User activity</h1>
<nav aria-label="Elsewhere">
${supersetUrl ? html`<a href="${supersetUrl}">Dashboard</a>` : ""}
<a href="/api/summary">JSON</a>
</nav>
</div>
<p class="lead">${textSlot(view, "lead")}</p>
${status(view)}
</header>`;

const LOGO = html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><rect class="view" x="2" y="11" width="5" height="11" rx="1.5"/><rect class="click" x="9.5" y="6" width="5" height="16" rx="1.5"/><rect class="purchase" x="17" y="2" width="5" height="20" rx="1.5"/></svg>`;

/** How other sites can show these numbers. */
function sharing(pageUrl: string): Html {
  const frame = `<iframe src="${pageUrl}/embed" width="480" height="280" title="User activity" loading="lazy"></iframe>`;
  const badge = `[![Events today](${pageUrl}/badge.svg)](${pageUrl}/)`;
  return html`<details class="sharing">
<summary>Embed</summary>
<p>The chart as a small frame, live; add <code>?theme=light</code> or <code>?theme=dark</code> to choose:</p>
<pre tabindex="0"><code>${frame}</code></pre>
<p>Events today as a badge, in Markdown:</p>
<pre tabindex="0"><code>${badge}</code></pre>
</details>`;
}

/** The timeline alone, for a frame in a page of another site. */
export function renderEmbed(summary: PublishedSummary | undefined, context: PageContext): string {
  const { assets, pageUrl, theme } = context;
  const view = describe(summary);
  return html`<!doctype html>
<html lang="en"${theme ? html` data-theme="${theme}"` : ""}>
${head({ title: TITLE, assets, isLive: true })}
<body>
<main class="embed">
<div class="heading">
<h1><a href="${pageUrl}/" target="_blank" rel="noopener">User activity</a></h1>
${legend(view)}
</div>
${chart(view)}
${status(view)}
</main>
${dataScript(summary)}
</body>
</html>
`.toString();
}

export const renderNotFound = (assets: PageAssets): string =>
  renderNotice(assets, {
    title: "Not found",
    heading: "There is nothing here",
    text: html`The address may be mistyped. <a href="/">The numbers are over there.</a>`,
  });

/** For a person whose address has sent too many requests. */
export const renderTooMany = (assets: PageAssets): string =>
  renderNotice(assets, {
    title: "Too many requests",
    heading: "Too many requests",
    text: html`Your address has asked very often: wait a minute, then <a href="/">look at the numbers again.</a>`,
  });

interface Notice {
  title: string;
  heading: string;
  text: Html;
}

const renderNotice = (assets: PageAssets, { title, heading, text }: Notice): string =>
  html`<!doctype html>
<html lang="en">
${head({ title, assets, isLive: false })}
<body>
<main class="missing">
<h1>${heading}</h1>
<p>${text}</p>
</main>
</body>
</html>
`.toString();

function describe(summary: PublishedSummary | undefined): View {
  const numbers = describeNumbers(summary);
  const age = describeAge({ summary, elapsedMs: 0, failures: 0, isOnline: true });
  return {
    texts: { ...numbers.texts, ...age.texts },
    pieces: numbers.pieces,
    states: { ...numbers.states, ...age.states },
    shown: { ...numbers.shown, ...age.shown },
  };
}
