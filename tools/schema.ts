/**
 * `bun run schema`: writes the JSON Schema files of `schema/` from the contracts there, for readers
 * and producers in other languages. A test fails while they differ.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchemas } from "../schema/json-schema.ts";
import { ROOT } from "../scripts/lib/config.ts";

for (const [name, text] of Object.entries(jsonSchemas())) {
  writeFileSync(join(ROOT, "schema", name), text);
  process.stdout.write(`Wrote schema/${name}\n`);
}
