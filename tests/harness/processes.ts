/** Other processes of this machine, from /proc: a bare machine has no `ps`. */
import { readdirSync, readFileSync } from "node:fs";
import { commandLine } from "../../scripts/host/process-tree.ts";

const processIds = () => readdirSync("/proc").map(Number).filter(Number.isInteger);

/** The command lines of all processes. */
export const commandLines = (): string => processIds().map(commandLine).join("\n");

/** The processes of the session that a process leads. */
export const sessionOf = (leader: number): number[] =>
  processIds().filter((id) => {
    try {
      // After the name, which may hold anything: state, parent, group, session.
      const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      return Number(fields[3]) === leader;
    } catch {
      return false;
    }
  });
