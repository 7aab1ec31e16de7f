/**
 * The id of a row that brings none: a UUID (version 8, "custom") from the SHA-256 of what the row
 * says. The same row has the same id on every machine and every time, so that a file which is sent
 * twice counts once; for the same reason two identical rows in one file are one event.
 */
import { createHash } from "node:crypto";

export function rowId(content: string): string {
  const digest = createHash("sha256").update(content).digest("hex");
  const variant = ((Number.parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
