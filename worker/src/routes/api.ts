/** Routes for programs: the summary, and the pictures of it that other sites show. */
import { type Context, Hono } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { badge } from "../badge.ts";
import type { Caches } from "../caches.ts";
import { ageSeconds, published, publishedTag, publishedText, timedRead } from "./published.ts";

/** A load is tried every second. */
const RETRY_AFTER_S = "2";

/** Headers that a 304 needs too: the age of the reader's copy, and leave for other sites to read it. */
const KEPT_HEADERS = [
  "age",
  "server-timing",
  "access-control-allow-origin",
  "access-control-expose-headers",
];
const conditional = etag({ retainedHeaders: [...RETAINED_304_HEADERS, ...KEPT_HEADERS] });

export function apiRoutes({ summaries, previews }: Caches): Hono {
  const api = new Hono();

  api.get("/api/summary", conditional, async (context) => {
    const reading = await timedRead(context, summaries);
    if (!reading) return unavailable(context, "the platform has not yet published a summary");
    // A cache has to revalidate its copy at each use, and learns the age from the 304.
    context.header("cache-control", "public, no-cache");
    context.header("age", String(Math.ceil(ageSeconds(reading))));
    context.header("etag", weakTag(publishedTag(reading)));
    return context.body(publishedText(reading), 200, { "content-type": "application/json" });
  });

  api.get("/badge.svg", async (context) => {
    const reading = await timedRead(context, summaries);
    context.header("content-type", "image/svg+xml");
    // Always 200: an `<img>` that gets a 503 shows as broken.
    context.header("cache-control", reading ? "public, max-age=60" : "no-store");
    return context.body(badge(reading && published(reading)));
  });

  api.get("/preview.png", conditional, async (context) => {
    const reading = await timedRead(context, previews);
    if (!reading) return unavailable(context, "the platform has not yet published a picture");
    context.header("cache-control", "public, max-age=60");
    context.header("etag", weakTag(reading.value.tag));
    return context.body(reading.value.bytes, 200, { "content-type": "image/png" });
  });

  return api;
}

/** Weak, since two responses with one tag differ in their age. */
const weakTag = (tag: string) => `W/"${tag}"`;

function unavailable(context: Context, reason: string): Response {
  context.header("retry-after", RETRY_AFTER_S);
  context.header("cache-control", "no-store");
  return context.json({ error: `Cannot answer: ${reason}` }, 503);
}
