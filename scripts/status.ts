/** `bun run status`: which services work, found by asking them. */
import { defineCommand } from "citty";
import { readConfig } from "./lib/config.ts";
import { runCommand } from "./stack/command.ts";
import { report, table } from "./stack/report.ts";
import { runningSettings } from "./stack/running-settings.ts";
import { services } from "./stack/services.ts";

const command = defineCommand({
  meta: {
    name: "status",
    description: "Show which services work, where, and with how much memory",
  },
  args: { json: { type: "boolean", description: "For programs" } },
  async run({ args }) {
    const rows = await report(runningSettings(readConfig()), services);
    console.log(args.json ? JSON.stringify(rows, null, 2) : table(rows));
  },
});

await runCommand(command);
