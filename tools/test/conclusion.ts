/** The end of `bun run test`: the slowest parts, the failures, and the line that counts. Pure. */
import { sum } from "../../scripts/lib/sum.ts";
import { table } from "../../scripts/lib/table.ts";
import type { Result } from "./perform.ts";
import { duration } from "./progress.ts";

const SLOWEST = 12;
/** The shown part of a reason; the whole one stands where the step ran. */
const REASON_LINES_MAX = 8;
const LINE_LENGTH_MAX = 300;

export function conclusion(results: readonly Result[]): string {
  const passed = sum(results.map((result) => result.passed));
  const failures = results.flatMap((result) => result.failures);
  const notRun = results.flatMap((result) => (result.notRun ? [result] : []));
  return [
    slowest(results),
    ...notRun.map(({ name, notRun }) => `not run  ${name}: ${notRun}`),
    ...failures.map(({ test, reason }) => `failed  ${test}\n${shortened(reason)}`),
    `${passed} passed, ${failures.length} failed`,
  ].join("\n\n");
}

function slowest(results: readonly Result[]): string {
  const rows = results
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST)
    .map(({ name, seconds, passed, failures }) => [
      name,
      duration(seconds),
      String(passed),
      failures.length > 0 ? String(failures.length) : "",
    ]);
  return table([["SLOWEST", "TIME", "PASSED", "FAILED"], ...rows], {
    align: ["left", "right", "right", "right"],
  });
}

const shortened = (reason: string): string =>
  reason
    .split("\n")
    .slice(0, REASON_LINES_MAX)
    .map((line) => `        ${line.slice(0, LINE_LENGTH_MAX)}`)
    .join("\n");
