/** Which runs become one. Pure. */
import { DISTANCE_MAX } from "./id-table.ts";
import type { RunInfo } from "./run-layout.ts";

/**
 * The newest `fanout` small runs of one slice that stand side by side. Two are enough when the slice is
 * over, since no more will come. Undefined when there is nothing to do.
 * @param smallMax the most entries that a run has which was not merged yet
 * @returns the range of indexes, from and behind
 */
export function planMerge(
  runs: readonly Pick<RunInfo, "slice" | "first" | "next" | "count">[],
  currentSlice: number,
  { fanout, smallMax }: { fanout: number; smallMax: number },
): { from: number; to: number } | undefined {
  for (let to = runs.length; to > 0; ) {
    const { slice, next } = runs[to - 1]!;
    let from = to;
    while (
      from > 0 &&
      to - from < fanout &&
      runs[from - 1]!.slice === slice &&
      runs[from - 1]!.count <= smallMax &&
      next - runs[from - 1]!.first <= DISTANCE_MAX
    ) {
      from -= 1;
    }
    if (to - from === fanout || (slice < currentSlice && to - from > 1)) return { from, to };
    to = from < to ? from : to - 1;
  }
  return undefined;
}
