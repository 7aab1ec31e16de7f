/** The pins for people: what can be raised first, then what is held, then what is not known. Pure. */
import { type Pin, type State, stateOf } from "./pin.ts";

const ORDER: State[] = ["behind", "held", "unknown", "newest"];

export function tableOf(pins: Pin[]): string {
  const rows = pins
    .map((pin) => ({ ...pin, state: stateOf(pin) }))
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
    .map(({ state, kind, name, pinned, newest, file, held, unknown }) => [
      ...[state, kind, name, pinned, newest ?? "-", file],
      unknown ?? (state === "held" ? held! : ""),
    ]);
  const table = [["state", "kind", "name", "pinned", "newest", "file", ""], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .concat("", summaryOf(pins))
    .join("\n");
}

function summaryOf(pins: Pin[]): string {
  const counts = ORDER.map((state) => {
    const count = pins.filter((pin) => stateOf(pin) === state).length;
    return `${count} ${state}`;
  });
  return `${pins.length} pins: ${counts.join(", ")}`;
}
