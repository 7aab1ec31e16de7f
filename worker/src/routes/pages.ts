/** Routes for people: the page, and its frame for other sites. */
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { renderEmbed, renderPage } from "../../view/document.ts";
import type { PageAssets } from "../../view/head.ts";
import type { Caches } from "../caches.ts";
import { cacheDocument } from "./document-cache.ts";
import { timedRead } from "./published.ts";

export interface PageSettings {
  supersetUrl: string | undefined;
  assets: PageAssets;
}

const NOTHING = ["'none'"];
const OWN = ["'self'"];
const THEMES = ["light", "dark"] as const;

/** Security headers of a document. `frameAncestors` says whether other sites may frame it. */
export function pageHeaders(frameAncestors: "'none'" | "*") {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: NOTHING,
      scriptSrc: OWN,
      styleSrc: OWN,
      imgSrc: OWN,
      connectSrc: OWN,
      baseUri: NOTHING,
      formAction: NOTHING,
      frameAncestors: [frameAncestors],
    },
    // This older header cannot allow every site; the policy above replaces it.
    xFrameOptions: frameAncestors === "*" ? false : "DENY",
    // Without subdomains: those may belong to other services of the domain's owner.
    strictTransportSecurity: "max-age=15552000",
    referrerPolicy: "strict-origin-when-cross-origin",
    crossOriginResourcePolicy: frameAncestors === "*" ? "cross-origin" : "same-origin",
    permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
  });
}

export function pageRoutes({ summaries }: Caches, settings: PageSettings): Hono {
  const respondWith = (render: typeof renderPage) => {
    const documentOf = cacheDocument(render);
    return async (context: Context) => {
      const reading = await timedRead(context, summaries);
      const document = documentOf(reading, pageContext(settings, context));
      // The document states its age, so a cached one would say too little. `no-cache` is not
      // enough: a browser's back button shows a document without revalidating it.
      context.header("cache-control", "no-store");
      if (!reading) context.header("retry-after", "2");
      return context.html(document, reading ? 200 : 503);
    };
  };
  return new Hono()
    .get("/", pageHeaders("'none'"), respondWith(renderPage))
    .get("/embed", pageHeaders("*"), respondWith(renderEmbed));
}

const pageContext = ({ supersetUrl, assets }: PageSettings, { req }: Context) => ({
  supersetUrl,
  assets,
  pageUrl: new URL(req.url).origin,
  // Chosen by the site that frames the page.
  theme: THEMES.find((theme) => theme === req.query("theme")),
});
