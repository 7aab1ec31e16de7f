/** What programs read: the summary, and the pictures made of it that other sites show. */
import { type Context, Hono } from "hono";
import { badge } from "../badge.ts";
import type { Copies } from "../copies.ts";
import { answerUnlessKnown } from "./conditional.ts";
import { ageSeconds, published, publishedTag, publishedText } from "./published.ts";
import { timedRead } from "./server-timing.ts";

/** A renewal is tried every second. */
const RETRY_AFTER_S = "2";

export function apiRoutes({ summaries, previews }: Copies): Hono {
  const api = new Hono();

  api.get("/api/summary", async (context) => {
    const reading = await timedRead(context, summaries);
    if (!reading) return unavailable(context, "the platform has not yet published a summary");
    // Whoever keeps it asks each time whether it still holds, and then learns its age as well.
    context.header("cache-control", "public, no-cache");
    context.header("age", String(Math.ceil(ageSeconds(reading))));
    return answerUnlessKnown(context, publishedTag(reading), {
      type: "application/json",
      body: publishedText(reading),
    });
  });

  api.get("/badge.svg", async (context) => {
    const reading = await timedRead(context, summaries);
    context.header("content-type", "image/svg+xml");
    // An image of a page that is not there would be a broken one, so this is an answer as well.
    context.header("cache-control", reading ? "public, max-age=60" : "no-store");
    return context.body(badge(reading && published(reading)));
  });

  api.get("/preview.png", async (context) => {
    const reading = await timedRead(context, previews);
    if (!reading) return unavailable(context, "the platform has not yet published a picture");
    context.header("cache-control", "public, max-age=60");
    const { bytes, tag } = reading.value;
    return answerUnlessKnown(context, tag, { type: "image/png", body: bytes });
  });

  return api;
}

function unavailable(context: Context, reason: string): Response {
  context.header("retry-after", RETRY_AFTER_S);
  context.header("cache-control", "no-store");
  return context.json({ error: `Cannot answer: ${reason}` }, 503);
}
