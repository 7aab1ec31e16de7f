/**
 * Storage of one last good entry in the Durable Object. A write costs one of the 100,000 rows a day of
 * the free plan, so entries are written at intervals. After a restart the stored entry is older than
 * the lost one by at most that interval, and still states its true age.
 */
import type { Entry, EntryStore } from "../freshness/last-good.ts";
import type { Log } from "../outage.ts";

interface KeyValueStorage {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
}

export interface StoredEntryOptions<Value> {
  key: string;
  /** Time between two writes. */
  intervalMs: number;
  /** Another version of the Worker may have stored something else. May also throw. */
  isValid(value: Value): boolean;
}

/** A store that never throws: readers are served from memory when the storage fails. */
export function storedEntry<Value>(
  storage: KeyValueStorage,
  { key, intervalMs, isValid }: StoredEntryOptions<Value>,
  log: Log,
): EntryStore<Value> {
  let written: Entry<Value> | undefined;
  return {
    read() {
      try {
        const entry = storage.get(key) as Entry<Value> | undefined;
        if (entry && Number.isFinite(entry.readAtMs) && isValid(entry.value)) written = entry;
      } catch (error) {
        log.warn(`Cannot read the stored ${key}: ${error}`);
      }
      return written;
    },
    write(entry) {
      if (written && Math.abs(entry.readAtMs - written.readAtMs) < intervalMs) return;
      // Set before the write, so that a full storage is tried once an interval and not more often.
      written = entry;
      try {
        storage.put(key, entry);
      } catch (error) {
        log.warn(`Cannot store the ${key}: ${error}`);
      }
    },
  };
}
