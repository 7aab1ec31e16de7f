/** `bun run status`: which services work, found by asking them. */
import { runFile } from "./host/folders.ts";
import { lockHolder } from "./host/lock.ts";
import type { Service } from "./host/service.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { UsageError } from "./lib/errors.ts";
import { json, rest, toggle } from "./lib/flags.ts";
import { stopSignal } from "./lib/stop.ts";
import { hasColours } from "./lib/terminal.ts";
import { pause } from "./lib/wait.ts";
import { named } from "./stack/order.ts";
import { services } from "./stack/services.ts";
import { loginLines } from "./stack/show/logins.ts";
import { report } from "./stack/show/report.ts";
import { statusTable } from "./stack/show/status-table.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";

const WATCH_EVERY_MS = 2_000;

const command = defineCommand({
  name: "status",
  description: `Asks each service whether it works. Shows what it does now, its memory, its restarts and its
address. A service that does not answer within 8 s does not work.`,
  flags: {
    services: rest("SERVICE", "Names of services or groups; all when none is named"),
    watch: toggle("Keep it on the screen, until Ctrl-C"),
    logins: toggle("Show the names and passwords of the pages, in clear"),
    json,
  },
  notes: {
    STATES: `
ready      it works
faulty     it works, but what it runs has failed
starting   it was started a moment ago, or an \`up\` waits for it
failing    it runs, and does not work
failed     it ended, and is not started again
stopped    it does not run`,
  },
  examples: [
    ["bun run status", "a table"],
    ["bun run status --watch", "the same, kept on the screen"],
    ["bun run status --logins", "how to log in to Airflow and Superset"],
  ],
  exits: { 0: "shown, whatever the states are", 1: "failed" },
  async run({ flags }) {
    const wanted = flags.services.length > 0 ? named(services, flags.services) : services;
    const config = runningSettings(readConfig());
    if (flags.logins) {
      console.log(loginLines(config, wanted).join("\n"));
      return;
    }
    if (flags.watch) {
      if (flags.json) throw new UsageError("Cannot watch: --watch and --json exclude each other");
      await watch(config, wanted);
      return;
    }
    if (flags.json) printJson(await report(config, wanted));
    else console.log(await screen(config, wanted));
    const busy = busyRemark(config);
    if (busy) console.error(busy);
  },
});

const screen = async (config: Config, wanted: Service[]): Promise<string> =>
  statusTable(await report(config, wanted), { hasColours: hasColours(), nowMs: Date.now() });

function busyRemark(config: Config): string | undefined {
  const holder = lockHolder(runFile(config, "up.lock"));
  return holder === undefined
    ? undefined
    : `Process ${holder} has not finished starting or stopping services`;
}

/** Draws over what was drawn before, so that nothing flickers; another output gets one table after the other. */
async function watch(config: Config, wanted: Service[]): Promise<void> {
  const stop = stopSignal();
  while (!stop.aborted) {
    const text = [await screen(config, wanted), busyRemark(config) ?? ""].join("\n");
    if (stop.aborted) return;
    process.stdout.write(process.stdout.isTTY ? redrawn(text) : `${text}\n`);
    await pause(WATCH_EVERY_MS, stop).catch(() => {});
  }
}

const redrawn = (text: string): string => `\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`;

await runCommand(command);
