/** `bun run fix`: formats the code, and mends what Biome can mend automatically. */
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { rest } from "../scripts/lib/flags.ts";
import { runBiome } from "./test/biome.ts";

const command = defineCommand({
  name: "fix",
  flags: { paths: rest("PATH", "Files and folders; everything when none is named") },
  exits: { 0: "nothing is left to mend", 1: "something is left for a person" },
  async run({ flags: { paths } }) {
    process.exitCode = await runBiome("check", "--write", ...paths);
  },
});

await runCommand(command);
