/** Builds and serves the Worker again after each change of its files. */
import { watch } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { buildWorker } from "./build.ts";
import type { ServedWorker } from "./serve.ts";

const SOURCES = ["worker", "schema"].map((name) => join(ROOT, name));
/** An editor writes several files, or one file in several steps. */
const QUIET_MS = 100;

/**
 * Serves a new build after each change, until the signal. The two folders take turns, so that the one
 * that is served stays whole.
 */
export function rebuildOnChange(
  worker: ServedWorker,
  folders: readonly [served: string, next: string],
  signal: AbortSignal,
): void {
  let [served, next] = folders;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let building = Promise.resolve();
  const rebuild = async () => {
    try {
      await buildWorker(next);
      if (signal.aborted) return;
      await worker.replace(next);
      [served, next] = [next, served];
      console.log("The Worker has been built again");
    } catch (error) {
      console.log((error as Error).message);
    }
  };
  for (const source of SOURCES) {
    watch(source, { recursive: true, signal }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        building = building.then(rebuild);
      }, QUIET_MS);
    });
  }
}
