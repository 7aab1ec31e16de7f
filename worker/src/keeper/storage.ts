/**
 * A place in the Durable Object's storage for one last good copy. A write costs one of the 100,000
 * rows a day of the free plan, so copies are written at intervals: what a restart brings back is at
 * most that much older than what was lost, and says its true age.
 */
import type { Copy } from "../freshness/last-good.ts";
import type { Log } from "./outage.ts";

interface KeyValues {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
}

export interface Place<Value> {
  key: string;
  /** Time between two writes. */
  intervalMs: number;
  /** Another version of this program may have left something else there; may also throw. */
  isValid(value: Value): boolean;
}

/** Never throws: readers are served from memory, whatever the storage says. */
export function durableCopy<Value>(storage: KeyValues, place: Place<Value>, log: Log) {
  let written: Copy<Value> | undefined;
  return {
    read(): Copy<Value> | undefined {
      try {
        const copy = storage.get(place.key) as Copy<Value> | undefined;
        if (copy && Number.isFinite(copy.readAtMs) && place.isValid(copy.value)) written = copy;
      } catch (error) {
        log.warn(`Cannot read the stored ${place.key}: ${error}`);
      }
      return written;
    },
    write(copy: Copy<Value>): void {
      if (written && Math.abs(copy.readAtMs - written.readAtMs) < place.intervalMs) return;
      // Also when it fails, so that a storage that is full is not tried for each copy.
      written = copy;
      try {
        storage.put(place.key, copy);
      } catch (error) {
        log.warn(`Cannot store the ${place.key}: ${error}`);
      }
    },
  };
}
