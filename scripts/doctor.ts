/** `bun run doctor`: what this machine lacks, and the command that mends it. Changes nothing. */
import { type ArgsDef, defineCommand } from "citty";
import { runProgram } from "./lib/program.ts";
import { examine, type Finding, machineName } from "./stack/show/checks.ts";

const flags = { json: { type: "boolean", description: "For programs" } } satisfies ArgsDef;

const command = defineCommand({
  meta: { name: "doctor", description: "Find what is missing on this machine" },
  args: flags,
  async run({ args }) {
    const findings = await examine();
    if (args.json) console.log(JSON.stringify(findings, null, 2));
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

await runProgram(command);
