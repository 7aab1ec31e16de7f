/**
 * `bun run schema`: writes `schema/event.v1.schema.json` from `schema/event.ts`, for readers and
 * producers in other languages. A test fails while the two differ.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventJsonSchema } from "../schema/json-schema.ts";

const path = fileURLToPath(new URL("../schema/event.v1.schema.json", import.meta.url));
writeFileSync(path, eventJsonSchema());
process.stdout.write(`Wrote ${path}\n`);
