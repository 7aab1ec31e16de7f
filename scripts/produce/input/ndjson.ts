/**
 * Reads events from NDJSON: one JSON object on each line. Pure: lines in, events or faults out.
 * Empty lines are skipped. The text of a line, without surrounding spaces, is the identity of its
 * row.
 */
import type { LineGroup } from "./lines.ts";
import { type DatedEvent, eventOfRow, RowFault, type RowRules, type RowValues } from "./row.ts";
import { RowIds } from "./row-id.ts";

/** A row of the file, as an event or a fault, with the line on which it starts. */
export interface NumberedRow {
  lineNumber: number;
  row: DatedEvent | RowFault;
}

/** Reads the rows of one group of lines after the other. */
export interface RowReader {
  read(group: LineGroup): NumberedRow[];
  /** The rows that were held back until the end was known. */
  end(): NumberedRow[];
}

export function ndjsonReader(rules: RowRules): RowReader {
  const ids = new RowIds();
  return {
    read({ firstNumber, lines }) {
      const rows: NumberedRow[] = [];
      for (let index = 0; index < lines.length; index++) {
        const line = lines[index]!;
        const row = line instanceof RowFault ? line : readLine(line.trim(), rules, ids);
        if (row) rows.push({ lineNumber: firstNumber + index, row });
      }
      return rows;
    },
    end: () => [],
  };
}

function readLine(line: string, rules: RowRules, ids: RowIds): DatedEvent | RowFault | undefined {
  if (line === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return new RowFault("bad_json", `the line is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new RowFault("not_an_object", "the line is JSON, but not an object");
  }
  const fields = value as Record<string, unknown>;
  const { columns } = rules;
  const values = {
    event_id: fields[columns.event_id],
    user_id: fields[columns.user_id],
    event_type: fields[columns.event_type],
    created_at: fields[columns.created_at],
  };
  const plainValues = () => fields as RowValues;
  return eventOfRow({ values, plainValues, content: () => line }, rules, ids);
}
