/** `bun run logs NAME`: what a service writes, all its programs, from its last lines on, until interrupted. */

import { existsSync } from "node:fs";
import { type ArgsDef, defineCommand } from "citty";
import { logFile } from "./host/folders.ts";
import { readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { runProgram } from "./lib/program.ts";
import { serviceNamed } from "./stack/order.ts";
import { programsOf, services } from "./stack/services.ts";

const flags = {
  name: {
    type: "positional",
    required: false,
    description: `One of ${services.map(({ name }) => name).join(", ")}`,
  },
  follow: { type: "boolean", default: true, negativeDescription: "End after the last line" },
  lines: { type: "string", default: "50", valueHint: "N", description: "How many to begin with" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: { name: "logs", description: "Follow the log of a service" },
  args: flags,
  async run({ args }) {
    const service = serviceNamed(services, args.name ?? "(none)");
    if (!/^\d+$/.test(args.lines)) {
      throw new ConfigError(`Cannot show the log: --lines must be a number, not ${args.lines}`);
    }
    const config = readConfig();
    const paths = programsOf(service).map((program) => logFile(config, program));
    const existing = paths.filter((path) => existsSync(path));
    if (existing.length === 0) {
      throw new Error(
        `Cannot show the log of ${service.name}: it has not run yet, ${paths[0]} does not exist`,
      );
    }
    await show(existing, args.lines, args.follow);
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

await runProgram(command);
