/**
 * Reads events from CSV with a header line. Pure: lines in, events or faults out. Fields may be
 * quoted and then hold commas, quotes and line ends. The list of fields is the identity of a row.
 * Lines are joined only while a quote is open, so a stray quote costs one row, not the rest of the
 * file.
 */
import { parse } from "csv-parse/sync";
import { EVENT_BYTES_MAX, EVENT_FIELDS, type EventField } from "../../../schema/event.ts";
import type { LineGroup } from "./lines.ts";
import type { NumberedRow, RowReader } from "./ndjson.ts";
import {
  type DatedEvent,
  DEFAULT_RULES,
  eventOfRow,
  RowFault,
  type RowRules,
  type RowValues,
} from "./row.ts";
import { RowIds } from "./row-id.ts";

/** The whole file is unusable, for example because its header lacks a column. */
export class HeaderError extends Error {
  override name = "HeaderError";
}

type Line = string | RowFault;
type Positions = Record<EventField, number>;

interface Header {
  positions: Positions;
  /** Where our own names stand; -1 for a name that the header lacks or has twice. */
  plainPositions: Positions;
  columnCount: number;
}

export function csvReader(rules: RowRules): RowReader {
  return new CsvReader(rules);
}

class CsvReader implements RowReader {
  private header: Header | undefined;
  private readonly ids = new RowIds();
  /** Lines of a row whose quote is still open, the first one numbered `openNumber`. */
  private open: Line[] = [];
  private openNumber = 0;

  constructor(private readonly rules: RowRules) {}

  read({ firstNumber, lines }: LineGroup): NumberedRow[] {
    if (this.open.length === 0) return this.readAll(lines, firstNumber, false);
    const joined = this.open.concat(lines);
    this.open = [];
    return this.readAll(joined, this.openNumber, false);
  }

  end(): NumberedRow[] {
    const lines = this.open;
    this.open = [];
    return this.readAll(lines, this.openNumber, true);
  }

  private readAll(lines: Line[], firstNumber: number, atEnd: boolean): NumberedRow[] {
    const rows: NumberedRow[] = [];
    for (let index = 0; index < lines.length; ) {
      const lineCount = linesOfRow(lines, index);
      if (lineCount === undefined && !atEnd) {
        this.open = lines.slice(index);
        this.openNumber = firstNumber + index;
        return rows;
      }
      const { row, used } = this.readRow(lines, index, lineCount ?? 0);
      if (row) rows.push({ lineNumber: firstNumber + index, row });
      index += used;
    }
    return rows;
  }

  /** Reads the row of `lineCount` lines at `index`; 0 lines mean that its quote is never closed. */
  private readRow(lines: Line[], index: number, lineCount: number) {
    const first = lines[index]!;
    if (first instanceof RowFault) return { row: first, used: 1 };
    if (lineCount === 0) {
      return { row: new RowFault("bad_quotes", "a quote is not closed"), used: 1 };
    }
    const text = lineCount === 1 ? first : lines.slice(index, index + lineCount).join("\n");
    if (text.trim() === "") return { row: undefined, used: lineCount };
    const fields = fieldsOf(text);
    if (!this.header) {
      this.header = readHeader(fields ?? [text], this.rules);
      return { row: undefined, used: lineCount };
    }
    // When joined lines make no row, the quote was stray: each other line is read alone.
    if (!fields) return { row: new RowFault("bad_quotes", "its quotes are misplaced"), used: 1 };
    const { columnCount } = this.header;
    if (fields.length !== columnCount) {
      const detail = `the row has ${fields.length} columns, the header ${columnCount}`;
      return { row: new RowFault("wrong_column_count", detail), used: 1 };
    }
    return { row: this.eventOf(fields, this.header), used: lineCount };
  }

  private eventOf(fields: string[], header: Header): DatedEvent | RowFault {
    const row = {
      values: valuesAt(fields, header.positions),
      plainValues: () => valuesAt(fields, header.plainPositions),
      content: () => JSON.stringify(fields),
    };
    return eventOfRow(row, this.rules, this.ids);
  }
}

const valuesAt = (fields: string[], positions: Positions): RowValues => ({
  event_id: fields[positions.event_id],
  user_id: fields[positions.user_id],
  event_type: fields[positions.event_type],
  created_at: fields[positions.created_at],
});

/**
 * The number of lines of the row at `index`: more than one while a quote is open. 0 when the quote
 * is not closed within the longest row allowed; undefined when more lines are needed to know.
 */
function linesOfRow(lines: Line[], index: number): number | undefined {
  let isOpen = false;
  let length = 0;
  for (let next = index; next < lines.length; next++) {
    const line = lines[next]!;
    if (line instanceof RowFault) return next === index ? 1 : 0;
    length += line.length + 1;
    if (length > EVENT_BYTES_MAX && next > index) return 0;
    if (hasOddQuotes(line)) isOpen = !isOpen;
    if (!isOpen) return next - index + 1;
  }
  return undefined;
}

function hasOddQuotes(line: string): boolean {
  let isOdd = false;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

function fieldsOf(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(",");
  try {
    const rows = parse(text, { relax_column_count: true, record_delimiter: "\u0000" });
    return rows[0];
  } catch {
    return undefined;
  }
}

function readHeader(fields: string[], rules: RowRules): Header {
  const names = fields.map((name) => name.trim());
  const positions = {} as Positions;
  const plainPositions = {} as Positions;
  for (const field of EVENT_FIELDS) {
    const column = rules.columns[field];
    positions[field] = names.indexOf(column);
    plainPositions[field] = onlyPositionOf(names, DEFAULT_RULES.columns[field]);
    if (names.lastIndexOf(column) !== positions[field]) {
      throw new HeaderError(`its header names the column ${column} twice`);
    }
    if (positions[field] < 0 && (field !== "event_id" || column !== field)) {
      const have = names.join(", ").slice(0, 200);
      throw new HeaderError(
        `its header has no column ${column} (it has ${have}); name the columns with --map ${field}=…`,
      );
    }
  }
  return { positions, plainPositions, columnCount: names.length };
}

function onlyPositionOf(names: string[], name: string): number {
  const position = names.indexOf(name);
  return names.lastIndexOf(name) === position ? position : -1;
}
