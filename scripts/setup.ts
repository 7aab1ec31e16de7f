/**
 * `bun run setup`: installs what every service runs on, so that a later `up` downloads nothing.
 * Starts nothing, and makes no secret unless it is told to: what it leaves may become an image.
 */
import { environmentFile, writeMissingSecrets } from "./host/environment.ts";
import { install } from "./host/install.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { toggle } from "./lib/flags.ts";
import { removeUnused } from "./stack/remove-unused.ts";
import { secretsOf } from "./stack/secrets.ts";
import { services } from "./stack/services.ts";

const command = defineCommand({
  name: "setup",
  description: `Downloads and installs the runtimes of every service into CACHE_DIR. Starts nothing.`,
  flags: { secrets: toggle("Write the passwords that are missing, as `up` does") },
  exits: { 0: "installed", 1: "failed" },
  async run({ flags }) {
    if (flags.secrets) {
      const path = environmentFile();
      const secrets = secretsOf(readConfig(), services);
      if (writeMissingSecrets(path, secrets).length > 0)
        console.error(`Wrote new passwords to ${path}`);
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

await runCommand(command);
