/** Waits until a service does its work, and explains with its own log why it does not. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Config } from "../lib/config.ts";
import { logFile } from "./folders.ts";
import type { Service } from "./services.ts";
import { listProcesses, type ProcessInfo } from "./supervisor.ts";
import { GiveUp, until } from "./until.ts";

const LINES_SHOWN = 15;
const TAIL_BYTES = 16_384;

/** supervisord tries more often, but who waits for `up` should soon learn that it fails. */
const FAILED_STARTS_MAX = 3;

/** @throws Error with the reason and the last lines of the service's log */
export async function waitUntilReady(
  config: Config,
  service: Service,
  signal: AbortSignal,
): Promise<void> {
  let failedStarts = 0;
  let lastState = "";
  try {
    await until(
      `${service.name} is ready`,
      service.readyMsMax,
      async () => {
        const processes = await listProcesses(config);
        const found = processes.find((candidate) => candidate.name === service.name);
        if (!found || hasEnded(found)) throw new GiveUp("it ended");
        if (found.state === "BACKOFF" && lastState !== "BACKOFF") failedStarts += 1;
        lastState = found.state;
        if (failedStarts === FAILED_STARTS_MAX) throw new GiveUp(`it ended ${failedStarts} times`);
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

/** Nothing will start it again. */
const hasEnded = ({ state }: ProcessInfo) => ["FATAL", "EXITED", "STOPPED"].includes(state);

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
