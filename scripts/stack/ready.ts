/** Waits until a service does its work, and explains with its own log why it does not. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Config } from "../lib/config.ts";
import { logFile } from "./folders.ts";
import type { Service } from "./services.ts";
import { listProcesses, type ProcessInfo } from "./supervisor.ts";
import { GiveUp, until } from "./until.ts";

const LINES_SHOWN = 15;
const TAIL_BYTES = 16_384;

/** The exit status that says that a setting is wrong. */
const WRONG_SETTING = 2;

/** @throws Error with the reason and the last lines of the service's log */
export async function waitUntilReady(
  config: Config,
  service: Service,
  signal: AbortSignal,
): Promise<void> {
  try {
    await until(
      `${service.name} is ready`,
      service.readyMsMax,
      async () => {
        const processes = await listProcesses(config);
        const found = processes.find((candidate) => candidate.name === service.name);
        if (!found || hasEnded(found)) throw new GiveUp("it ended");
        await service.probe(config, found.processId);
      },
      { signal },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = (error as Error).message;
    const path = logFile(config, service.name);
    throw new Error(
      `Cannot start ${service.name}: ${reason}\nThe last lines of ${path}:\n${lastLines(path)}`,
    );
  }
}

/** Nothing would start it again, or it would not help. */
function hasEnded({ state, exitStatus }: ProcessInfo): boolean {
  if (state === "BACKOFF") return exitStatus === WRONG_SETTING;
  return ["FATAL", "EXITED", "STOPPED"].includes(state);
}

function lastLines(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
      readSync(file, buffer, 0, buffer.length, size - buffer.length);
      const lines = buffer.toString("utf8").trimEnd().split("\n").slice(-LINES_SHOWN);
      return lines.map((line) => `  ${line}`).join("\n");
    } finally {
      closeSync(file);
    }
  } catch {
    return "  (it wrote nothing)";
  }
}
