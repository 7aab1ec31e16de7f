/**
 * A place in the Durable Object's storage for one last good copy. A write costs one of the 100,000
 * rows a day of the free plan, so copies are written at intervals: what a restart brings back is at
 * most that much older than what was lost, and says its true age.
 */
import type { Copy } from "../freshness/last-good.ts";

interface KeyValues {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
}

interface Place<Value> {
  key: string;
  /** Time between two writes. */
  intervalMs: number;
  /** Whether a version of this program that is no longer running has left something else there. */
  isValid(value: Value): boolean;
}

export function durableCopy<Value>(storage: KeyValues, place: Place<Value>) {
  let written: Copy<Value> | undefined;
  return {
    read(): Copy<Value> | undefined {
      const copy = storage.get(place.key) as Copy<Value> | undefined;
      if (!copy || !Number.isFinite(copy.readAtMs) || !place.isValid(copy.value)) return undefined;
      written = copy;
      return copy;
    },
    write(copy: Copy<Value>): void {
      if (written && copy.readAtMs - written.readAtMs < place.intervalMs) return;
      storage.put(place.key, copy);
      written = copy;
    },
  };
}
