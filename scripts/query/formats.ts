/** How rows are printed: each format turns pages into text, as they come. */
import { type Align, columnWidths, tableLine } from "../lib/table.ts";
import type { Page } from "../lib/trino.ts";

export type Format = (pages: AsyncIterable<Page>) => AsyncGenerator<string>;

/** Rows that decide how wide the columns of a table are; wider values further down stand out. */
const ALIGNED_ROWS_MAX = 1_000;

export const formats = { table, csv, json } satisfies Record<string, Format>;

async function* table(pages: AsyncIterable<Page>): AsyncGenerator<string> {
  let held: string[][] = [];
  let columns: Page["columns"] = [];
  let widths: number[] | undefined;
  const aligned = (cells: string[]) => {
    const align = columns.map(({ type }): Align => (isNumeric(type) ? "right" : "left"));
    return `${tableLine(cells, widths!, { align })}\n`;
  };
  const flush = function* () {
    const names = columns.map(({ name }) => name);
    if (!widths) {
      widths = columnWidths([names, ...held]);
      yield aligned(names);
      yield aligned(widths.map((width) => "─".repeat(width)));
    }
    if (held.length > 0) yield held.map(aligned).join("");
    held = [];
  };
  for await (const page of pages) {
    columns = page.columns;
    const show = columns.length === 1 ? harmless : oneLine;
    for (const row of page.rows) held.push(row.map((value) => show(textOf(value) ?? "null")));
    if (widths || held.length >= ALIGNED_ROWS_MAX) yield* flush();
  }
  if (columns.length > 0) yield* flush();
}

async function* csv(pages: AsyncIterable<Page>): AsyncGenerator<string> {
  let hasHeader = false;
  for await (const { columns, rows } of pages) {
    const lines = rows.map((row) => row.map((value) => textOf(value) ?? ""));
    if (!hasHeader) lines.unshift(columns.map(({ name }) => name));
    hasHeader = true;
    yield lines.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
  }
}

async function* json(pages: AsyncIterable<Page>): AsyncGenerator<string> {
  let separator = "[\n";
  for await (const { columns, rows } of pages) {
    if (rows.length === 0) continue;
    const objects = rows.map((row) =>
      jsonOf(Object.fromEntries(columns.map(({ name }, column) => [name, row[column]]))),
    );
    yield separator + objects.join(",\n");
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

/** What a person reads; nothing for null. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === "object" ? jsonOf(value) : String(value);
}

/** JSON, in which an integer beyond 2^53 keeps its digits. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, each) =>
    typeof each === "bigint" ? (JSON as unknown as RawJson).rawJSON(String(each)) : each,
  );

/** Not known to the type checker yet. */
interface RawJson {
  rawJSON(text: string): unknown;
}

const isNumeric = (type: string) =>
  /^(tinyint|smallint|integer|bigint|real|double|decimal)/.test(type);

/** Control characters may steer a terminal. */
const harmless = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: replacing them is the point
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "·");

/** Line breaks would tear a table with several columns apart; a plan is one column of many lines. */
const oneLine = (text: string) => harmless(text).replaceAll("\n", "·");

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
