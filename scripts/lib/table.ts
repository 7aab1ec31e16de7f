/** Text tables for people: columns as wide as their widest cell, with two spaces between. Pure. */
import { stripVTControlCharacters } from "node:util";

export type Align = "left" | "right";

export interface TableOptions {
  /** How each column is aligned, from the first; columns beyond the list are aligned to the left. */
  align?: readonly Align[];
}

/** Width of each column of these lines, which need not all have the same number of cells. */
export function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, cell] of line.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return widths;
}

/** One line of a table, without spaces at its end. A cell wider than its column stands out. */
export const tableLine = (
  cells: readonly string[],
  widths: readonly number[],
  { align = [] }: TableOptions = {},
): string =>
  cells
    .map((cell, column) => {
      const padding = " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)));
      return align[column] === "right" ? padding + cell : cell + padding;
    })
    .join("  ")
    .trimEnd();

/**
 * A table of lines that have a cell for each column.
 * @example table([["TABLE", "ROWS"], ["user_events", "1200"]], { align: ["left", "right"] })
 */
export function table(lines: readonly (readonly string[])[], options: TableOptions = {}): string {
  const widths = columnWidths(lines);
  return lines.map((cells) => tableLine(cells, widths, options)).join("\n");
}

/** Colours take no place. */
const widthOf = (cell: string) => stripVTControlCharacters(cell).length;
