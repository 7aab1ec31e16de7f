/**
 * The peak memory of a container while something runs in it. It counts the programs' memory and the
 * mapped parts of files, not the kernel's file cache.
 */
import { pause } from "../../scripts/lib/wait.ts";

const INTERVAL_MS = 1_000;

/** `readStat` gives the `memory.stat` of the container's control group. */
export async function withMemoryPeak<Result>(
  readStat: () => Promise<string>,
  perform: () => Promise<Result>,
): Promise<{ result: Result; peakBytes: number }> {
  let peakBytes = 0;
  let hasEnded = false;
  const sampling = (async () => {
    while (!hasEnded) {
      peakBytes = Math.max(peakBytes, heldBytes(await readStat()));
      await pause(INTERVAL_MS);
    }
  })();
  // Failures are reported at the end.
  sampling.catch(() => undefined);
  try {
    const result = await perform();
    return { result, peakBytes };
  } finally {
    hasEnded = true;
    await sampling;
  }
}

/** Works for both kinds of control groups: the first names its sums `total_…`. */
function heldBytes(stat: string): number {
  const of = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1]);
  const bytes = stat.includes("total_rss")
    ? of("total_rss") + of("total_mapped_file")
    : of("anon") + of("file_mapped");
  if (Number.isNaN(bytes)) throw new Error(`Cannot tell the memory of a container from: ${stat}`);
  return bytes;
}
