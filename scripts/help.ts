/** `bun run help`: all commands by what a person wants to do, or the help of one of them. */
import { defineCommand, runCommand } from "./lib/command.ts";
import { ROOT } from "./lib/config.ts";
import { UsageError } from "./lib/errors.ts";
import { argument, text } from "./lib/flags.ts";
import { closest } from "./lib/suggestion.ts";
import { styled } from "./lib/terminal.ts";
import { verbGroups, verbs } from "./lib/verbs.ts";

const command = defineCommand({
  name: "help",
  flags: { command: argument(text("COMMAND"), "Show the help of this command") },
  examples: [
    ["bun run help", "all commands"],
    ["bun run help produce", "the same as bun run produce --help"],
  ],
  exits: { 0: "shown", 2: "there is no such command" },
  async run({ flags: { command: name } }) {
    if (name === undefined) return console.log(listing());
    if (!Object.hasOwn(verbs, name)) throw new UsageError(unknown(name));
    const program = Bun.spawn([process.execPath, "run", name, "--help"], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
    });
    process.exitCode = await program.exited;
  },
});

function listing(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const groups = Object.entries(verbGroups).map(([title, group]) =>
    [
      styled("bold", title),
      ...Object.entries(group).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`),
    ].join("\n"),
  );
  return [
    "bun run COMMAND [FLAGS], where COMMAND is one of:",
    ...groups,
    "bun run COMMAND --help shows the flags of one, with examples.",
  ].join("\n\n");
}

function unknown(name: string): string {
  const near = closest(name, Object.keys(verbs));
  const hint = near ? `did you mean \`bun run ${near}\`?` : "`bun run help` lists the commands";
  return `Cannot run ${name}: there is no such command; ${hint}`;
}

await runCommand(command);
