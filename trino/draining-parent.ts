/**
 * Runs a worker of Trino, given as the words of its command. Told to end, it asks the worker to finish
 * what it works on and then to end; a worker that cannot be asked just ends.
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
