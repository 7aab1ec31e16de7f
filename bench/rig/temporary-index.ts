/** An empty index of event ids in a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HorizonIndex } from "../../scripts/consume/horizon/horizon-index.ts";
import { openIndex } from "../../scripts/consume/horizon/open-index.ts";

const WEEK_MS = 604_800_000;

export function temporaryIndex(logStart = 0): { index: HorizonIndex; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "bench-horizon-"));
  const { index } = openIndex(
    { folder, topicId: "bench", partition: 0, horizonMs: WEEK_MS },
    { logStart, logEnd: Number.MAX_SAFE_INTEGER, countFrom: logStart },
  );
  return {
    index,
    remove() {
      index.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
