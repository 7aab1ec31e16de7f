import { expect, test } from "bun:test";
import { columnWidths, table, tableLine } from "./table.ts";

test("table() makes each column as wide as its widest cell, and leaves no space at the end", () => {
  expect(
    table([
      ["NAME", "STATE"],
      ["postgres", "ready"],
      ["kafka", ""],
    ]),
  ).toBe("NAME      STATE\npostgres  ready\nkafka");
});

test("table() aligns a column to the right when it is told to", () => {
  const lines = [
    ["TOOK", "WHAT"],
    ["9.5 s", "kafka"],
    ["12.0 s", "trino"],
  ];
  expect(table(lines, { align: ["right"] })).toBe("  TOOK  WHAT\n 9.5 s  kafka\n12.0 s  trino");
});

test("table() counts no colour as width", () => {
  const lines = [
    ["\u001b[32mready\u001b[39m", "a"],
    ["starting", "b"],
  ];
  expect(table(lines)).toBe("\u001b[32mready\u001b[39m     a\nstarting  b");
});

test("table() is empty without lines, and takes lines of different lengths", () => {
  expect(table([])).toBe("");
  expect(table([["a", "b"], ["longer"]])).toBe("a       b\nlonger");
});

test("tableLine() lets a cell that is wider than its column stand out", () => {
  const widths = columnWidths([["id"], ["7"]]);
  expect(tableLine(["12345", "x"], widths)).toBe("12345  x");
});
