import { expect, test } from "bun:test";
import type { Page } from "../lib/trino.ts";
import { formats } from "./formats.ts";

const columns = [
  { name: "user_id", type: "bigint" },
  { name: "text", type: "varchar" },
];

async function print(format: keyof typeof formats, pages: Page[]): Promise<string> {
  const source = (async function* () {
    yield* pages;
  })();
  return (await Array.fromAsync(formats[format](source))).join("");
}

test("table() aligns numbers to the right and text to the left when rows come in pages", async () => {
  const rows = [
    [7, "a"],
    [1_234_567_890, null],
  ];
  const printed = await print("table", [
    { columns, rows: [] },
    ...rows.map((row) => ({ columns, rows: [row] })),
  ]);
  expect(printed).toBe(`   user_id  text
──────────  ────
         7  a
1234567890  null
`);
});

test("table() prints the names of the columns when there are no rows", async () => {
  expect(await print("table", [{ columns, rows: [] }])).toBe("user_id  text\n───────  ────\n");
});

test("table() keeps its lines and the terminal whole when a value has control characters", async () => {
  const printed = await print("table", [{ columns, rows: [[1, "a\nb\u001b[2J"]] }]);
  expect(printed.trimEnd().split("\n").at(-1)).toBe("      1  a·b·[2J");
});

test("table() prints all rows when there are more than decide the widths", async () => {
  const rows = Array.from({ length: 2_500 }, (_, index) => [index, "x"]);
  const pages = [rows.slice(0, 900), rows.slice(900, 1_800), rows.slice(1_800)];
  const printed = await print(
    "table",
    pages.map((page) => ({ columns, rows: page })),
  );
  expect(printed.trimEnd().split("\n")).toHaveLength(2_502);
});

test("csv() quotes what would be read as something else, and leaves null empty", async () => {
  const rows = [
    [1, 'say "hi", twice'],
    [2, "two\nlines"],
    [3, null],
    [4, { a: [1] }],
  ];
  expect(await print("csv", [{ columns, rows }])).toBe(
    'user_id,text\r\n1,"say ""hi"", twice"\r\n2,"two\nlines"\r\n3,\r\n4,"{""a"":[1]}"\r\n',
  );
});

test("json() prints one array, and every digit of an integer beyond 2^53", async () => {
  const printed = await print("json", [
    { columns, rows: [] },
    { columns, rows: [[9_007_199_254_740_993n, "a"]] },
    { columns, rows: [[1, null]] },
  ]);
  expect(printed).toBe(
    '[\n{"user_id":9007199254740993,"text":"a"},\n{"user_id":1,"text":null}\n]\n',
  );
});

test("json() prints an empty array when there are no rows", async () => {
  expect(await print("json", [{ columns, rows: [] }])).toBe("[]\n");
});
