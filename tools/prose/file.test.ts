import { expect, test } from "bun:test";
import { passagesOf } from "./file.ts";

/** Kind, line and text of each passage. */
const read = (path: string, source: string) =>
  passagesOf(path, source)?.map(({ kind, line, lines }) => [kind, line, lines.join(" ")]);

test("passagesOf() finds the header, comments and messages of TypeScript, and no code", () => {
  const source = [
    "#!/usr/bin/env bun",
    "/**",
    " * The header.",
    " * Its second line.",
    " */",
    'import { one } from "./one.ts";',
    "// First half",
    "// and the second half.",
    `const url = \`http://x/\${a /* inside */ + \`\${b}\`}\`; // Behind code.`,
    "// biome-ignore lint/x: for a tool",
    "const pattern = /[/*]'\"`/g; const half = a / b; /* after */",
    'throw new Error("Cannot read the file: it is empty");',
    "const sql = `select a from b where c is null`;",
    "/**",
    " * Adds.",
    " * @param a the first one",
    " * @example add(1, 2)",
    " */",
  ].join("\n");
  expect(read("a.ts", source)).toEqual([
    ["header", 3, "The header. Its second line."],
    ["comment", 7, "First half and the second half."],
    ["comment", 9, "inside"],
    ["comment", 9, "Behind code."],
    ["comment", 11, "after"],
    ["message", 12, "Cannot read the file: it is empty"],
    ["comment", 15, "Adds."],
    ["comment", 16, "a the first one"],
  ]);
});

test("passagesOf() takes of a test file the titles, and not the texts of the data", () => {
  const source = 'test("f() gives 1 when asked", () => {\n  f("some words of the data");\n});';
  expect(read("a.test.ts", source)).toEqual([["test-title", 1, "f() gives 1 when asked"]]);
});

test("passagesOf() finds docstrings and comments of Python", () => {
  const source =
    '"""The module."""\n\ndef f():\n    """Returns one."""\n    return "# no"  # trailing\n    # A comment.\n';
  expect(read("a.py", source)).toEqual([
    ["header", 1, "The module."],
    ["comment", 4, "Returns one."],
    ["comment", 6, "A comment."],
  ]);
});

test("passagesOf() finds comments of SQL, of dbt's templates and of the catalogue", () => {
  const source = [
    "-- The header.",
    "select 1;",
    "{#- A template. -#}",
    "comment on table a is 'What''s in it.';",
  ].join("\n");
  expect(read("a.sql", source)).toEqual([
    ["header", 1, "The header."],
    ["comment", 3, "A template."],
    ["comment", 4, "What's in it."],
  ]);
});

test("passagesOf() finds comments and descriptions of YAML, and leaves out settings", () => {
  const source = [
    "# The header.",
    "models:",
    "  - name: a",
    "    description: >",
    "      Two lines",
    "      of text.",
    "    columns:",
    '      - description: "One line."',
    "  # KEY=value",
  ].join("\n");
  expect(read("a.yml", source)).toEqual([
    ["header", 1, "The header."],
    ["comment", 5, "Two lines of text."],
    ["comment", 8, "One line."],
  ]);
});

test("passagesOf() finds paragraphs, items, headings and cells of Markdown, and no code", () => {
  const source = [
    "# Title",
    "One",
    "paragraph.",
    "",
    "- An item",
    "- Another",
    "```bash",
    "# no prose",
    "```",
    "| a | b |",
    "| - | - |",
    "| c \\| d | e |",
  ].join("\n");
  expect(read("a.md", source)).toEqual([
    ["heading", 1, "Title"],
    ["document", 2, "One paragraph."],
    ["document", 5, "An item"],
    ["document", 6, "Another"],
    ["document", 10, "a"],
    ["document", 10, "b"],
    ["document", 12, "c \\| d"],
    ["document", 12, "e"],
  ]);
});

test("passagesOf() knows a shell script by its first line, and leaves out what others wrote", () => {
  expect(read("start", "#!/usr/bin/env bash\n# A script.\n")).toEqual([["header", 2, "A script."]]);
  expect(read("LICENSE", "# Words.")).toBeUndefined();
  expect(read("bun.lock", "# Words.")).toBeUndefined();
});
