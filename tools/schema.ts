/**
 * `bun run schema`: writes the JSON Schema files of `schema/` from the contracts there, for readers
 * and producers in other languages. A test fails while they differ.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchemas } from "../schema/json-schema.ts";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { runBiome } from "./test/biome.ts";

const command = defineCommand({
  name: "schema",
  description: "Run it after each change of a contract in schema/*.ts.",
  exits: { 0: "written", 1: "failed" },
  async run() {
    for (const [name, text] of Object.entries(jsonSchemas())) {
      writeFileSync(join(ROOT, "schema", name), text);
      console.log(`Wrote schema/${name}`);
    }
    process.exitCode = await runBiome("format", "--write", "schema");
  },
});

await runCommand(command);
