/**
 * The HTML that people see, whole and with all numbers inside, so that it needs no script. Pure:
 * the same summary and settings give the same document.
 */
import { html } from "hono/html";
import type { PublishedSummary } from "../../schema/summary.ts";
import type { PageAssets } from "./assets.ts";
import type { Copy } from "./model/status.ts";
import { describeAge, describeNumbers, type View } from "./model/view.ts";
import { dataScript, head, preview, TITLE } from "./parts/head.ts";
import { numbers } from "./parts/numbers.ts";
import { ledger, way } from "./parts/proof.ts";
import { sharing } from "./parts/sharing.ts";
import { header, status } from "./parts/status.ts";
import { chart, legend, timeline } from "./parts/timeline.ts";
import { distribution, funnel } from "./parts/types.ts";
import { topUsers } from "./parts/users.ts";

export interface PageContext {
  supersetUrl: string | undefined;
  /** Where the page is, without a slash at the end. */
  pageUrl: string;
  assets: PageAssets;
  /** Of the frame only; left out, the reader's own. */
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
${numbers(view)}
${timeline(view)}
<div class="columns">
${distribution(view)}
${funnel(view)}
${topUsers(view)}
</div>
${way(view)}
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

/** The timeline alone, for a frame in somebody else's page. */
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

export function renderNotFound({ assets }: PageContext): string {
  return html`<!doctype html>
<html lang="en">
${head({ title: "Not found", assets, isLive: false })}
<body>
<main class="missing">
<h1>There is nothing here</h1>
<p>The address may be mistyped. <a href="/">The numbers are over there.</a></p>
</main>
</body>
</html>
`.toString();
}

function describe(summary: PublishedSummary | undefined): View {
  const copy: Copy = { summary, elapsedMs: 0, failures: 0, isOnline: true };
  const numbers = describeNumbers(summary);
  const age = describeAge(copy);
  return {
    texts: { ...numbers.texts, ...age.texts },
    pieces: numbers.pieces,
    states: { ...numbers.states, ...age.states },
    shown: { ...numbers.shown, ...age.shown },
  };
}
