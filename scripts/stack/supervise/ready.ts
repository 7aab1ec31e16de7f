/** Waits until a service works, and explains a failure with the end of its log. */

import { logFile } from "../../host/folders.ts";
import { type ProcessInfo, programNames, type Service } from "../../host/service.ts";
import type { Config } from "../../lib/config.ts";
import { deadline, GiveUp, until } from "../../lib/wait.ts";
import { lastLines } from "../show/log-tail.ts";
import { listProcesses } from "./supervisor.ts";

const LINES_SHOWN = 15;

/** Asking takes the same processors that a starting service computes on. */
const ASK_EVERY_MS = 250;

/** A starting service may be slow to answer, but not forever. */
const PROBE_MS_MAX = 30_000;

/** supervisord tries more often, but a person at `up` should learn soon that it fails. */
const FAILED_STARTS_MAX = 3;

/** @throws Error with the reason and the last lines of the service's log */
export async function waitUntilReady(
  config: Config,
  service: Service,
  signal: AbortSignal,
): Promise<void> {
  const lastStates = new Map<string, string>();
  const failedStarts = new Map<string, number>();
  let failing = programNames(service)[0]!;
  /** Throws when waiting longer for this program cannot help. */
  const examine = ({ name, state }: ProcessInfo) => {
    if (state === "BACKOFF" && lastStates.get(name) !== "BACKOFF") {
      failedStarts.set(name, (failedStarts.get(name) ?? 0) + 1);
    }
    lastStates.set(name, state);
    if (failedStarts.has(name) || hasEnded(state)) failing = name;
    if (hasEnded(state)) throw new GiveUp("it ended");
    if (failedStarts.get(name) === FAILED_STARTS_MAX) {
      throw new GiveUp(`it ended ${FAILED_STARTS_MAX} times`);
    }
  };
  try {
    await until(
      `${service.name} is ready`,
      service.readyMsMax,
      async () => {
        const all = await listProcesses(config);
        const processes = all.filter(({ group }) => group === service.name);
        if (processes.length === 0) throw new GiveUp("it ended");
        processes.forEach(examine);
        await deadline(service.probe(config, processes), PROBE_MS_MAX);
      },
      { signal, intervalMs: ASK_EVERY_MS },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = (error as Error).message;
    const path = logFile(config, failing);
    const lines = lastLines(path, LINES_SHOWN).map((line) => `  ${line}`);
    if (lines.length === 0) lines.push("  (it wrote nothing)");
    throw new Error(
      `Cannot start ${service.name}: ${reason}\nThe last lines of ${path}:\n${lines.join("\n")}`,
    );
  }
}

/** No program will start it again. */
const hasEnded = (state: string) => ["FATAL", "EXITED", "STOPPED"].includes(state);
