/** Aligned tables and short numbers for people. Pure. */
import { table as textTable } from "../scripts/lib/table.ts";
import type { Spread } from "./rig/spread.ts";

/** Every column but the first is aligned to the right. */
export const table = (title: string, heads: string[], rows: string[][]): string =>
  `${title}\n${textTable([heads, ...rows], { align: heads.map((_, column) => (column === 0 ? "left" : "right")) })}`;

/** In thousands: `438 (361-558)`. */
export const thousands = ({ median, min, max }: Spread) =>
  `${thousand(median)} (${thousand(min)}-${thousand(max)})`;

/** With `digits` digits: `4.2 (4.1-4.6)`. */
export const ranged = ({ median, min, max }: Spread, digits: number) =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;

export const percent = (share: number) => `${Math.round(share * 100)} %`;
export const mebibytes = (bytes: number) => String(Math.round(bytes / 1_048_576));
export const fixed = (value: number | undefined, digits: number) =>
  value === undefined ? "" : value.toFixed(digits);

const thousand = (value: number) => {
  const inThousands = value / 1_000;
  return inThousands < 10 ? inThousands.toFixed(1) : String(Math.round(inThousands));
};
