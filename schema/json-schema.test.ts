import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { jsonSchemas } from "./json-schema.ts";

test.each(Object.entries(jsonSchemas()))("%s is what `bun run schema` writes", (name, text) => {
  const written = readFileSync(new URL(name, import.meta.url), "utf8");
  expect(JSON.parse(written)).toEqual(JSON.parse(text));
});
