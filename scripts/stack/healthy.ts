/**
 * The health check of a container: ends with status 0 when the named program, which is the one that
 * this container runs, does its work; else says why it does not, and ends with status 1.
 */
import { readConfig } from "../lib/config.ts";
import { ageMs, processTree } from "./process-tree.ts";
import { programsOf, services } from "./services.ts";

/** The container's first process only waits for its first child, which is the program. */
function mainProcess(): number {
  const [first = 1, program = first] = processTree(1);
  return program;
}

const [, , name = ""] = process.argv;
try {
  const service = services.find((candidate) => programsOf(candidate).includes(name));
  if (!service) throw new Error(`Cannot find program ${name}: no service has it`);
  const processId = mainProcess();
  await service.probe(readConfig(), [
    {
      name,
      group: service.name,
      state: "RUNNING",
      processId,
      startedAtSeconds: Math.floor((Date.now() - ageMs(processId)) / 1_000),
      reason: "",
    },
  ]);
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
