/** Answers that a reader has already are not sent again (RFC 9110, section 13). */
import type { Context } from "hono";

/** 304 when the reader's copy has this tag, else the body. Tags are weak: the age always differs. */
export function answerUnlessKnown(
  context: Context,
  tag: string,
  { type, body }: { type: string; body: string | Uint8Array<ArrayBuffer> },
): Response {
  context.header("etag", `W/"${tag}"`);
  if (names(context.req.header("if-none-match"), tag)) return context.body(null, 304);
  return context.body(body, 200, { "content-type": type });
}

function names(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .split(",")
    .map((candidate) => candidate.trim())
    .some((candidate) => candidate === "*" || candidate.replace(/^W\//, "") === `"${tag}"`);
}
