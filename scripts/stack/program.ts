/** Prepares the program whose name it is given, and becomes it. scripts/start calls it. */
import { killOrphans } from "../host/kill-orphans.ts";
import { startOrExit, startProgram } from "../host/start.ts";
import { UsageError } from "../lib/errors.ts";
import { services } from "./services.ts";

const [, , name = ""] = process.argv;
await startOrExit(async () => {
  const found = services
    .flatMap(({ programs, job, runtimes }) =>
      [...programs, ...(job ? [job.program] : [])].map((program) => ({ program, runtimes })),
    )
    .find(({ program }) => program.name === name);
  if (!found) {
    const names = services.flatMap(({ programs }) => programs.map((each) => each.name));
    throw new UsageError(`Cannot start ${name || "nothing"}: the programs are ${names.join(", ")}`);
  }
  await killOrphans();
  return startProgram(found.program, found.runtimes);
});
