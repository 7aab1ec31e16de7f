#!/usr/bin/env bun
/**
 * `bun run setup`: installs what every service runs on, so that a later `up` downloads nothing.
 * Starts nothing, and makes no secret unless it is told to: what it leaves may become an image.
 */
import { type ArgsDef, defineCommand } from "citty";
import { environmentFile, writeMissingSecrets } from "./host/environment.ts";
import { readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { install } from "./stack/install/install.ts";
import { removeUnused } from "./stack/install/remove-unused.ts";
import { services } from "./stack/services.ts";

const flags = {
  secrets: { type: "boolean", description: "Write the passwords that are missing, as `up` does" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "setup",
    description: "Install what all services run on, so that `up` downloads nothing",
  },
  args: flags,
  async run({ args }) {
    if (args.secrets) {
      const path = environmentFile();
      if (writeMissingSecrets(path).length > 0) console.error(`Wrote new passwords to ${path}`);
    }
    const config = readConfig();
    await install(
      config,
      services.flatMap(({ runtimes }) => runtimes),
    );
    const removed = await removeUnused(config);
    if (removed) console.error(removed);
  },
});

await runProgram(command);
