/**
 * The id of a row without one: a UUID (version 8, "custom") made by SHA-256. It follows from three
 * things: the whole row, what the row was read as, and how many equal rows came before it in the
 * file. So a file that is sent again gives the same ids, also when rows were appended to it. A
 * corrected mapping gives new ids to the rows that it reads differently, and to no others.
 */
import { hash } from "node:crypto";
import type { Event } from "../../../schema/event.ts";
import { Occurrences } from "./occurrences.ts";

/** What an event says, without its id. */
export type Reading = Omit<Event, "event_id">;

/** Gives ids to the rows of one file, from its first row to its last. */
export class RowIds {
  readonly #rows = new Occurrences();

  /**
   * `content` is the whole row. `isPlain` says that the row reads the same without any mapping. The
   * first of equal rows that are plain has the id that earlier releases gave to every row.
   */
  next(content: string, reading: Reading, isPlain: boolean): string {
    const row = hash("sha256", content);
    const earlier = this.#rows.add(row);
    if (isPlain && earlier === 0) return uuidOf(row);
    const { user_id, event_type, created_at } = reading;
    return uuidOf(hash("sha256", [row, earlier, user_id, event_type, created_at].join("\n")));
  }
}

/** `digest` is in hexadecimal; the UUID keeps 122 bits of it. */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
