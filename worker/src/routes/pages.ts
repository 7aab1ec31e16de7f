/** What people read: the page, and the frame of it for other sites. */
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { PageAssets } from "../../view/assets.ts";
import { renderEmbed, renderPage } from "../../view/document.ts";
import type { Copies } from "../copies.ts";
import { rememberLast } from "./last-document.ts";
import { timedRead } from "./server-timing.ts";

export interface PageSettings {
  supersetUrl: string | undefined;
  assets: PageAssets;
}

const NOTHING_MORE = ["'none'"];
const OWN = ["'self'"];
const THEMES = ["light", "dark"] as const;

/** Headers of a page, which says itself whether other sites may frame it. */
export function pageHeaders(frameAncestors: "'none'" | "*") {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: NOTHING_MORE,
      scriptSrc: OWN,
      styleSrc: OWN,
      imgSrc: OWN,
      connectSrc: OWN,
      baseUri: NOTHING_MORE,
      formAction: NOTHING_MORE,
      frameAncestors: [frameAncestors],
    },
    // The older header knows no way to let everyone in, and the policy above replaces it.
    xFrameOptions: frameAncestors === "*" ? false : "DENY",
    // For this host alone: what else its owner has under the same name is not ours to decide.
    strictTransportSecurity: "max-age=15552000",
    referrerPolicy: "strict-origin-when-cross-origin",
    crossOriginResourcePolicy: frameAncestors === "*" ? "cross-origin" : "same-origin",
    permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
  });
}

export const pageContext = ({ supersetUrl, assets }: PageSettings, { req }: Context) => ({
  supersetUrl,
  assets,
  pageUrl: new URL(req.url).origin,
  // Whoever frames the page knows what is around it.
  theme: THEMES.find((theme) => theme === req.query("theme")),
});

export function pageRoutes({ summaries }: Copies, settings: PageSettings): Hono {
  const answer = (render: typeof renderPage) => {
    const documentOf = rememberLast(render);
    return async (context: Context) => {
      const reading = await timedRead(context, summaries);
      const document = documentOf(reading, pageContext(settings, context));
      // The age inside counts from now on: a document out of a cache would say too little. To
      // have it asked for again is not enough: a browser's back button shows it without asking.
      context.header("cache-control", "no-store");
      if (!reading) context.header("retry-after", "2");
      return context.html(document, reading ? 200 : 503);
    };
  };
  return new Hono()
    .get("/", pageHeaders("'none'"), answer(renderPage))
    .get("/embed", pageHeaders("*"), answer(renderEmbed));
}
