/**
 * The contracts as JSON Schema documents (draft 2020-12): the texts of the `*.v1.schema.json` files
 * in this folder. `bun run schema` writes the files, and a test compares them. Pure.
 */
import { z } from "zod";
import { eventSchema, retractionSchema } from "./event.ts";
import { summarySchema } from "./summary.ts";

/** The text of each file, by its name. */
export const jsonSchemas = (): Record<string, string> => ({
  "event.v1.schema.json": document(eventSchema),
  "retraction.v1.schema.json": document(retractionSchema),
  "summary.v1.schema.json": document(summarySchema),
});

const document = (schema: z.ZodType) =>
  `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
