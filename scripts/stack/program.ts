/** Prepares the program whose name it is given, and becomes it. scripts/start calls it. */
import { killOrphans } from "../host/kill-orphans.ts";
import { startProgram } from "../host/start.ts";
import { exitStatusOf, UsageError } from "../lib/errors.ts";
import { services } from "./services.ts";

const [, , name = ""] = process.argv;
try {
  const service = services.find(({ programs, job }) =>
    [...programs, job?.program].some((program) => program?.name === name),
  );
  const program = [...(service?.programs ?? []), service?.job?.program].find(
    (candidate) => candidate?.name === name,
  );
  if (!service || !program) {
    const names = services.flatMap(({ programs }) => programs.map((each) => each.name));
    throw new UsageError(`Cannot start ${name || "nothing"}: the programs are ${names.join(", ")}`);
  }
  await killOrphans();
  await startProgram(program, service.runtimes);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(exitStatusOf(error));
}
