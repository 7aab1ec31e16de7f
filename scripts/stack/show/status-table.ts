/** Lays out the table of `status`, in 80 columns. Pure. */
import { stripVTControlCharacters, styleText } from "node:util";
import { span } from "../../host/facts.ts";
import { sum } from "../../lib/sum.ts";
import { wrap } from "../../lib/wrap.ts";
import type { Row } from "./report.ts";

export interface TableOptions {
  /** Whether states have a colour. */
  hasColours: boolean;
  nowMs: number;
}

const WIDTH = 80;
/** Widths of name and state, each with the two spaces behind it. */
const NAME_WIDTH = 14;
const STATE_WIDTH = 10;
const MEMORY_WIDTH = 9;
const UPTIME_WIDTH = 8;
const WORDS_WIDTH = WIDTH - NAME_WIDTH - STATE_WIDTH - MEMORY_WIDTH - UPTIME_WIDTH;
const INDENT = " ".repeat(NAME_WIDTH + STATE_WIDTH);

/** Services, then their addresses. A service outside the default group shows only when it runs. */
export function statusTable(rows: Row[], options: TableOptions): string {
  const shown = rows.filter(({ isOptional, state }) => !isOptional || state !== "stopped");
  const hidden = rows.filter((row) => !shown.includes(row));
  const bytes = sum(shown.map(({ memoryBytes = 0 }) => memoryBytes));
  return [
    line("SERVICE", "STATE", "WHAT IT DOES", "MEMORY", "UP FOR"),
    ...shown.flatMap((row) => linesOf(row, options)),
    ...(shown.length > 1 && bytes > 0 ? [line("", "", "", mebibytes(bytes), "")] : []),
    ...hidden.map(({ service }) => `${service} is not started: bun run up ${service}`),
    "",
    ...addressLines(shown),
  ]
    .join("\n")
    .trimEnd();
}

function linesOf(row: Row, { hasColours, nowMs }: TableOptions): string[] {
  const { service, state, title, facts, memoryBytes, uptimeSeconds } = row;
  const words = facts ? `${title}: ${facts}` : title;
  const fits = words.length < WORDS_WIDTH;
  const first = line(
    service,
    hasColours ? coloured(state) : state,
    fits ? words : title,
    memoryBytes === undefined ? "" : mebibytes(memoryBytes),
    uptimeSeconds === undefined ? "" : span(uptimeSeconds),
  );
  return [
    first,
    ...[...(fits || !facts ? [] : [facts]), ...remarksOf(row, nowMs)].flatMap(underWords),
  ];
}

function remarksOf({ reason, warning, elsewhere, restarts }: Row, nowMs: number): string[] {
  return [
    ...(reason ? [reason] : []),
    ...(warning ? [warning] : []),
    ...(elsewhere ? [`runs elsewhere, says ${elsewhere}`] : []),
    ...(restarts
      ? [
          `restarted ${restarts.count === 1 ? "once" : `${restarts.count} times`}, last ${span((nowMs - restarts.lastMs) / 1_000)} ago: ${restarts.reason}`,
        ]
      : []),
  ];
}

function line(name: string, state: string, words: string, memory: string, uptime: string): string {
  // Colours take no room.
  const stateWidth = STATE_WIDTH + state.length - stripVTControlCharacters(state).length;
  return [
    name.padEnd(NAME_WIDTH),
    state.padEnd(stateWidth),
    words.padEnd(WORDS_WIDTH),
    memory.padStart(MEMORY_WIDTH),
    uptime.padStart(UPTIME_WIDTH),
  ]
    .join("")
    .trimEnd();
}

const underWords = (text: string): string[] =>
  wrap(text, WIDTH - INDENT.length).map((each) => INDENT + each);

const addressLines = (rows: Row[]): string[] =>
  rows.flatMap(({ service, state, address, login }) => {
    if (!address || state === "stopped") return [];
    return [
      `${service.padEnd(NAME_WIDTH)}${address}`,
      ...(login ? [`${" ".repeat(NAME_WIDTH)}log in as ${login}`] : []),
    ];
  });

const STYLES = {
  ready: "green",
  faulty: "yellow",
  starting: "yellow",
  failing: "red",
  failed: "red",
  stopped: "dim",
} as const satisfies Record<Row["state"], string>;

const coloured = (state: Row["state"]) =>
  styleText(STYLES[state], state, { validateStream: false });

const mebibytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
