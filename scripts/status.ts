/** `bun run status`: which services work, found by asking them. */
import { runFile } from "./host/folders.ts";
import { lockHolder } from "./host/lock.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { readConfig } from "./lib/config.ts";
import { json, toggle } from "./lib/flags.ts";
import { services } from "./stack/services.ts";
import { loginLines } from "./stack/show/logins.ts";
import { report, table } from "./stack/show/report.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";

const command = defineCommand({
  name: "status",
  description: `Asks each service whether it works, and shows state, address and memory.`,
  flags: {
    logins: toggle("Show the names and passwords of the pages, in clear"),
    json,
  },
  examples: [
    ["bun run status", "a table"],
    ["bun run status --logins", "how to log in to Airflow and Superset"],
  ],
  exits: { 0: "shown, whatever the states are", 1: "failed" },
  async run({ flags }) {
    const config = runningSettings(readConfig());
    if (flags.logins) {
      console.log(loginLines(config, services).join("\n"));
      return;
    }
    const rows = await report(config, services);
    if (flags.json) printJson(rows);
    else console.log(table(rows));
    const busy = lockHolder(runFile(config, "up.lock"));
    if (busy) console.error(`Process ${busy} has not finished starting or stopping services`);
  },
});

await runCommand(command);
