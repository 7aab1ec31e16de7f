/** What a person sees whose address has asked too often. */
import { html } from "hono/html";
import type { PageAssets } from "../view/assets.ts";
import { head } from "../view/parts/head.ts";

export const renderTooMany = (assets: PageAssets): string =>
  html`<!doctype html>
<html lang="en">
${head({ title: "Too many requests", assets, isLive: false })}
<body>
<main class="missing">
<h1>Too many requests</h1>
<p>Your address has asked very often: wait a minute, then <a href="/">look at the numbers again.</a></p>
</main>
</body>
</html>
`.toString();
