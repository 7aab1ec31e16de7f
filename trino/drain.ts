/** Called by trino/start when the worker is to end: it takes no new work and ends after its last. */
import { readConfig } from "../scripts/lib/config.ts";
import { drainWorker } from "./nodes.ts";

try {
  await drainWorker(readConfig());
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
