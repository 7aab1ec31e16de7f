/** Watches the memory of processes, from /proc. */
import { readFileSync } from "node:fs";
import { processTree } from "../../scripts/host/process-tree.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { pause } from "../../scripts/lib/wait.ts";
import { type Memory, type MemoryTrend, trendOf } from "./memory-trend.ts";

const SAMPLE_MS = 2_000;

export class MemoryWatch {
  readonly #samples = new Map<string, Memory[]>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;

  /** Begins to watch the present process of each victim. */
  constructor(victims: readonly { name: string; readonly processId: number }[]) {
    this.#watching = this.#watch(victims);
  }

  async stop(): Promise<MemoryTrend[]> {
    this.#stop.abort();
    await this.#watching;
    return [...this.#samples].map(([name, samples]) => trendOf(name, samples));
  }

  async #watch(victims: readonly { name: string; readonly processId: number }[]): Promise<void> {
    for (const { name } of victims) this.#samples.set(name, []);
    while (!this.#stop.signal.aborted) {
      for (const { name, processId } of victims) {
        const memory = memoryOf(processId);
        if (memory.own > 0) this.#samples.get(name)?.push(memory);
      }
      await pause(SAMPLE_MS, this.#stop.signal).catch(() => {});
    }
  }
}

/** Zeros for a process that is gone. */
function memoryOf(processId: number): Memory {
  const texts = processTree(processId).map(readRollup);
  const bytes = (kind: string) =>
    sum(texts.map((text) => Number(new RegExp(`^${kind}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0))) *
    1_024;
  return { own: bytes("Pss_Anon") + bytes("Pss_Shmem"), mapped: bytes("Pss_File") };
}

function readRollup(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/smaps_rollup`, "utf8");
  } catch {
    return "";
  }
}
