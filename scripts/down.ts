/**
 * `bun run down [service…]`: stops every service, dependants first, and leaves no process. With
 * names, it stops these and the services that need them. The data stays; `--wipe` deletes it after
 * listing it, with names only that of the named services.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { endProcesses } from "./host/end-processes.ts";
import { folderBytes } from "./host/folder-size.ts";
import { runFile } from "./host/folders.ts";
import { lockHolder, takeLock } from "./host/lock.ts";
import type { Service } from "./host/service.ts";
import { megabytes } from "./lib/bytes.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { rest, toggle } from "./lib/flags.ts";
import { dataFolder } from "./lib/local-data.ts";
import { assertHere } from "./stack/elsewhere.ts";
import { named, withDependants } from "./stack/order.ts";
import { services } from "./stack/services.ts";
import { runningSettings } from "./stack/supervise/running-settings.ts";
import { stopAll, stopServices } from "./stack/supervise/stop.ts";

/** An `up` first stops what it has started: as long as services may take to end. */
const OTHER_UP_END_MS_MAX = 300_000;
const KILLED_MS_MAX = 10_000;
/** How long the stop of some services waits for an `up`, which would restart them. */
const OTHER_UP_MS_MAX = 600_000;

const command = defineCommand({
  name: "down",
  description: `Stops all services, or the named ones with those that need them; also an \`up\` that still installs.
No process stays. --wipe deletes the data in STATE_DIR, but not its settings. With names, it deletes
only the data of the named services: postgres has the counts, and the records of Airflow and Superset.`,
  flags: {
    services: rest("SERVICE", "Names of services or groups; all when none is named"),
    wipe: toggle("Delete the data, after saying what it is"),
    yes: toggle("With --wipe: do not ask"),
  },
  examples: [
    ["bun run down", "everything"],
    ["bun run down superset trino", "some, and those that need them"],
    ["bun run down --wipe --yes", "everything, and the data"],
    ["bun run down postgres --wipe", "recount the whole log at the next up"],
  ],
  exits: { 0: "stopped", 1: "failed, or the question was not answered with yes" },
  async run({ flags }) {
    const config = readConfig();
    if (flags.services.length > 0) return stopNamed(config, flags);
    const doomed = flags.wipe ? listData(config, dataPaths(config)) : [];
    if (!flags.yes && doomed.length > 0) await confirm();
    const release = await endOtherUps(config);
    try {
      report(await stopAll(runningSettings(config), services));
    } finally {
      release();
    }
    if (doomed.length === 0) return;
    // Read again, because a program may have created a new folder until now.
    deleteData(dataPaths(config));
  },
});

/**
 * An `up` that still installs would start everything minutes later. Returns the function that lets
 * others start the stack again.
 */
async function endOtherUps(config: Config): Promise<() => void> {
  const lock = runFile(config, "up.lock");
  if (!existsSync(dirname(lock))) return () => {};
  for (;;) {
    const other = lockHolder(lock);
    if (other === undefined) return takeLock(lock, KILLED_MS_MAX);
    console.error(`Ending process ${other}, which starts the stack`);
    await endProcesses([other], () => "SIGINT", {
      endMsMax: OTHER_UP_END_MS_MAX,
      killedMsMax: KILLED_MS_MAX,
    });
  }
}

async function stopNamed(
  config: Config,
  { services: names, wipe, yes }: { services: string[]; wipe: boolean; yes: boolean },
): Promise<void> {
  const running = runningSettings(config);
  const requested = named(services, names);
  assertHere(running, "stop", requested);
  const doomed = wipe ? listData(config, foldersOf(config, requested)) : [];
  if (!yes && doomed.length > 0) await confirm();
  await stopWithDependants(config, running, requested);
  if (doomed.length > 0) deleteData(doomed);
}

async function stopWithDependants(
  config: Config,
  running: Config,
  requested: Service[],
): Promise<void> {
  const lock = runFile(config, "up.lock");
  if (!existsSync(dirname(lock))) return report([]);
  const release = await takeLock(lock, OTHER_UP_MS_MAX, { holderDoes: "starts the stack" });
  try {
    report(await stopServices(running, withDependants(services, requested)));
  } finally {
    release();
  }
}

const report = (stopped: string[]) =>
  console.log(stopped.length > 0 ? `Stopped ${stopped.join(", ")}` : "Nothing was running");

/** Everything in STATE_DIR except the settings, which hold the ports and the passwords. */
function dataPaths(config: Config): string[] {
  if (!existsSync(config.STATE_DIR)) return [];
  return readdirSync(config.STATE_DIR)
    .filter((name) => name !== ".env")
    .map((name) => join(config.STATE_DIR, name));
}

/** The folders of the services that have data of their own. */
const foldersOf = (config: Config, requested: Service[]): string[] =>
  requested.map(({ name }) => dataFolder(config, name)).filter((path) => existsSync(path));

function deleteData(paths: string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  console.log("Deleted");
}

function listData(config: Config, paths: string[]): string[] {
  for (const path of paths) console.log(`Will delete ${path} (${megabytes(folderBytes(path))})`);
  if (paths.length === 0) console.log(`There is no data in ${config.STATE_DIR}`);
  return paths;
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new ConfigError("Cannot ask whether to delete the data: add --yes to delete it");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question("Delete it? (yes/no) ");
  terminal.close();
  if (answer.trim() !== "yes") throw new Error("Cannot delete the data: it was not confirmed");
}

await runCommand(command);
