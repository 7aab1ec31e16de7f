/**
 * The id of a row without one: a UUID (version 8, "custom") made from the SHA-256 of its content. A
 * row has the same id on every machine and every time, so a file that is sent twice counts once. For
 * the same reason two identical rows in one file are one event.
 */
import { hash } from "node:crypto";

export function rowId(content: string): string {
  const digest = hash("sha256", content);
  const variant = ((Number.parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
