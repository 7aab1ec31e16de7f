/**
 * The event contract as a JSON Schema document (draft 2020-12), the text of
 * `event.v1.schema.json`. Pure; `bun run schema` writes it and a test compares it.
 */
import { z } from "zod";
import { eventSchema } from "./event.ts";

export function eventJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(eventSchema, { io: "input" }), null, 2)}\n`;
}
