/** How others show these numbers in places of their own. */
import { html } from "hono/html";
import type { Html } from "./place.ts";

export function sharing(pageUrl: string): Html {
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
