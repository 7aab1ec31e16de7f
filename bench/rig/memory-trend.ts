/** How the memory of a process changed over time, from samples. Pure. */
import { sum } from "../../scripts/lib/sum.ts";

/** Bytes of a process and its children; a page that several share counts once. */
export interface Memory {
  own: number;
  /** Pages of mapped files, which the kernel takes back when it needs room. */
  mapped: number;
}

/** In bytes. */
export interface MemoryTrend {
  name: string;
  /** The means of the own memory in each tenth of the time; fewer when there are fewer samples. */
  tenths: number[];
  most: number;
  /** The most that were mapped files besides. */
  mostMapped: number;
}

const PARTS = 10;

/** @param samples in the order of time, all at the same distance */
export function trendOf(name: string, samples: readonly Memory[]): MemoryTrend {
  const at = (part: number) => Math.round((part * samples.length) / PARTS);
  const parts = Array.from({ length: PARTS }, (_, part) => samples.slice(at(part), at(part + 1)));
  return {
    name,
    tenths: parts
      .filter(({ length }) => length > 0)
      .map((part) => sum(part.map(({ own }) => own)) / part.length),
    most: Math.max(0, ...samples.map(({ own }) => own)),
    mostMapped: Math.max(0, ...samples.map(({ mapped }) => mapped)),
  };
}
