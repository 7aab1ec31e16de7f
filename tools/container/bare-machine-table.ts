/** The measurements of new computers, for people: a line for each start. Pure. */
import { table } from "../../bench/table.ts";
import type { BareMachineResult, Start } from "./prove-bare-machine.ts";

const HEADS = ["", "page", "everything", "most memory", "services", "cache", "checkout"];

export function bareMachineTable(results: BareMachineResult[]): string {
  const rows = results.flatMap(({ debian, first, offline, cacheMib, checkoutMib }) => [
    [`Debian ${debian}, first`, ...cells(first), `${cacheMib} MiB`, `${checkoutMib} MiB`],
    ...(offline ? [[`Debian ${debian}, again, no network`, ...cells(offline), "", ""]] : []),
  ]);
  const versions = results.map(
    ({ debian, node, npm, python }) =>
      `Debian ${debian} has Node.js ${node}, npm ${npm}, Python ${python}`,
  );
  return [table("From the command to …", HEADS, rows), ...versions].join("\n");
}

const cells = ({ pageS, readyS, memoryPeakMib, servicesMib }: Start): string[] => [
  `${pageS.toFixed(1)} s`,
  `${readyS.toFixed(1)} s`,
  `${memoryPeakMib} MiB`,
  `${servicesMib} MiB`,
];
