/** `bun run doctor`: what this machine lacks, and the command that mends it. Changes nothing. */
import type { Finding } from "./host/service.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { json } from "./lib/flags.ts";
import { examine, machineName } from "./stack/show/checks.ts";

const command = defineCommand({
  name: "doctor",
  description: `Looks at the programs, the user, memory, settings, installed packages, disk and ports. Changes nothing.`,
  flags: { json },
  exits: { 0: "nothing is missing", 1: "something is missing" },
  async run({ flags }) {
    const findings = await examine();
    if (flags.json) printJson(findings);
    else console.log([machineName(), ...lines(findings)].join("\n"));
    if (findings.some(({ state }) => state === "missing")) process.exitCode = 1;
  },
});

function lines(findings: Finding[]): string[] {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings.map(({ subject, state, found, mend }) => {
    const remedy = mend ? `\n${" ".repeat(width + 11)}-> ${mend}` : "";
    return `${state.padEnd(8)} ${subject.padEnd(width)}  ${found}${remedy}`;
  });
}

await runCommand(command);
