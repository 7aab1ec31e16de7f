/** `bun run status`: which services work, found by asking them. */
import { type ArgsDef, defineCommand } from "citty";
import { readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { report, table } from "./stack/report.ts";
import { runningSettings } from "./stack/running-settings.ts";
import { services } from "./stack/services.ts";

const flags = { json: { type: "boolean", description: "For programs" } } satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "status",
    description: "Show which services work, where, and with how much memory",
  },
  args: flags,
  async run({ args }) {
    const rows = await report(runningSettings(readConfig()), services);
    console.log(args.json ? JSON.stringify(rows, null, 2) : table(rows));
  },
});

await runProgram(command);
