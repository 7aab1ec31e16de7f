/**
 * The id of a row without one: a UUID (version 8, "custom") made from the SHA-256 of its content. A
 * row has the same id on every machine and every time. So a file that is sent again counts once, as far
 * as the window of duplicates reaches. Two identical rows in one file are one event.
 */
import { hash } from "node:crypto";

export function rowId(content: string): string {
  const digest = hash("sha256", content);
  const variant = ((Number.parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
