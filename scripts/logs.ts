/** `bun run logs NAME`: what a service writes, all its programs, from its last lines on, until interrupted. */

import { existsSync } from "node:fs";
import { logFile } from "./host/folders.ts";
import { programNames } from "./host/service.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { UsageError } from "./lib/errors.ts";
import { argument, count, flag, text, toggle } from "./lib/flags.ts";
import { serviceNamed } from "./stack/order.ts";
import { services } from "./stack/services.ts";

const names = services.map(({ name }) => name);

const command = defineCommand({
  name: "logs",
  flags: {
    name: argument(
      { ...text("NAME"), expected: "the name of a service" },
      `One of ${names.join(", ")}`,
    ),
    follow: toggle("End after the last line", "on"),
    lines: flag(count(), "How many lines to begin with", "50"),
  },
  examples: [
    ["bun run logs consumer", "until Ctrl-C"],
    ["bun run logs kafka --no-follow --lines 1k", "the last thousand lines"],
  ],
  exits: { 0: "done", 1: "the service has not run yet" },
  async run({ flags: { name, follow, lines } }) {
    if (name === undefined) {
      throw new UsageError(`Cannot show a log: name a service, one of ${names.join(", ")}`);
    }
    const service = serviceNamed(services, name);
    const config = readConfig();
    const paths = programNames(service).map((program) => logFile(config, program));
    const existing = paths.filter((path) => existsSync(path));
    if (existing.length === 0) {
      throw new Error(
        `Cannot show the log of ${service.name}: it has not run yet, ${paths[0]} does not exist`,
      );
    }
    await show(existing, String(lines), follow);
  },
});

/** `tail -F` goes on after the log was rotated; the terminal interrupts both it and this process. */
async function show(paths: string[], lines: string, follow: boolean): Promise<void> {
  process.on("SIGINT", () => {});
  const tail = Bun.spawn(["tail", "-n", lines, ...(follow ? ["-F"] : []), ...paths], {
    stdio: ["ignore", "inherit", "ignore"],
  });
  process.on("SIGTERM", () => tail.kill());
  await tail.exited;
}

await runCommand(command);
