/** What stands above the numbers: the name of the page, how old it is, and where else to look. */
import { html } from "hono/html";
import type { View } from "../model/view.ts";
import { type Html, shownAt, stateAt, textAt } from "./place.ts";

export function header(view: View, supersetUrl: string | undefined): Html {
  return html`<header>
<div class="title">
${logo}
<h1>User activity</h1>
<nav aria-label="Elsewhere">
${supersetUrl ? html`<a href="${supersetUrl}">Dashboard</a>` : ""}
<a href="/api/summary">JSON</a>
</nav>
</div>
<p class="lead">${textAt(view, "lead")}</p>
${status(view)}
</header>`;
}

export const status = (view: View): Html => html`<p class="status" ${stateAt(view, "status")}>
<span class="dot" aria-hidden="true"></span>
<span>${textAt(view, "status.text")}${textAt(view, "status.age")}<code ${shownAt(view, "command")}>bun run produce</code></span>
</p>
<p class="aside" role="status" id="announcement"></p>`;

const logo = html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><rect class="view" x="2" y="11" width="5" height="11" rx="1.5"/><rect class="click" x="9.5" y="6" width="5" height="16" rx="1.5"/><rect class="purchase" x="17" y="2" width="5" height="20" rx="1.5"/></svg>`;
