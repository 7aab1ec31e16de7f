/** `bun run status`: which services work, found by asking them. */
import { type ArgsDef, defineCommand } from "citty";
import { runFile } from "./host/folders.ts";
import { lockHolder } from "./host/lock.ts";
import { readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { services } from "./stack/services.ts";
import { loginLines } from "./stack/show/logins.ts";
import { report, table } from "./stack/show/report.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";

const flags = {
  json: { type: "boolean", description: "For programs" },
  logins: { type: "boolean", description: "Show the names and passwords of the pages, in clear" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "status",
    description: "Show which services work, where, and with how much memory",
  },
  args: flags,
  async run({ args }) {
    const config = runningSettings(readConfig());
    if (args.logins) {
      console.log(loginLines(config, services).join("\n"));
      return;
    }
    const rows = await report(config, services);
    console.log(args.json ? JSON.stringify(rows, null, 2) : table(rows));
    const busy = lockHolder(runFile(config, "up.lock"));
    if (busy) console.error(`Process ${busy} has not finished starting or stopping services`);
  },
});

await runProgram(command);
