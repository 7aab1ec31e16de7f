/** Called by a `start`: status 0 when the process with that id runs the named program, else 1. */
import { commandLine } from "./process-tree.ts";

const [, , processId, program = ""] = process.argv;
process.exit(commandLine(Number(processId)).includes(program) ? 0 : 1);
