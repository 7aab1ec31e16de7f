/**
 * Runs a Trino worker, given as the words of its command. On a stop signal it asks the worker to
 * finish its work and then end. A worker that cannot be asked is ended at once.
 */
import { readConfig } from "../scripts/lib/config.ts";
import { drainWorker } from "./nodes.ts";

const node = Bun.spawn(process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
process.on("SIGINT", () => node.kill("SIGTERM"));
process.on("SIGTERM", async () => {
  try {
    await drainWorker(readConfig());
  } catch (error) {
    console.error((error as Error).message);
    node.kill("SIGTERM");
  }
});
const exitCode = await node.exited;
process.exit(node.signalCode ? 1 : exitCode);
