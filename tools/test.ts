/**
 * `bun run test` and `bun run check`: every proof of the project, as many side by side as the
 * machine has room for. One line at the end counts them all. A failure does not end the run, so one
 * run shows every fault.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { install } from "../scripts/host/install.ts";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { UsageError } from "../scripts/lib/errors.ts";
import { flag, text, toggle } from "../scripts/lib/flags.ts";
import { stopSignal } from "../scripts/lib/stop.ts";
import { endRunning } from "./process.ts";
import { archives } from "./test/archives.ts";
import { checks } from "./test/checks.ts";
import { conclusion } from "./test/conclusion.ts";
import { containers } from "./test/containers.ts";
import { operatingFileChecks } from "./test/operating-files.ts";
import { perform, type Result } from "./test/perform.ts";
import { TestProgress } from "./test/progress.ts";
import { pythonChecks } from "./test/python.ts";
import { makeRunFolder, removeRunFolder } from "./test/run-folder.ts";
import { sideBySide } from "./test/schedule.ts";
import type { Step } from "./test/step.ts";
import { systemTests } from "./test/system-tests.ts";

const command = defineCommand({
  name: "test",
  description: `Types, style, unused code, unit and property tests, and the system tests on real services, which are
installed when they are missing. The last line counts them all.`,
  flags: {
    check: toggle("Only what needs no services, as `bun run check` does"),
    container: toggle("Also what `bun run test:container` proves, beside the rest"),
    only: flag(text("TEXT"), "Only steps whose name holds the text"),
  },
  examples: [
    ["bun run test", "everything"],
    ["bun run test --only fence", "one part"],
    ["bun run check --only types", "one check"],
  ],
  exits: { 0: "all passed", 1: "something failed", 130: "stopped" },
  async run({ flags: { check, container, only = "" } }) {
    const stop = stopSignal();
    const folder = makeRunFolder();
    stop.addEventListener("abort", endRunning);
    try {
      const config = readConfig();
      const python = pythonChecks(config, join(folder, "dbt"));
      const quick = [...checks, ...python, ...operatingFileChecks(config)];
      const others = [
        ...(check ? [] : archives(folder)),
        ...quick,
        ...(container ? [containers] : []),
      ];
      const steps = [
        ...others.filter(({ name }) => name.includes(only)),
        ...(check ? [] : systemTests(only)),
      ];
      if (steps.length === 0) {
        throw new UsageError(`Cannot run ${only}: no step has it in its name`);
      }
      await install(
        config,
        steps.flatMap(({ needs = [] }) => needs),
        { signal: stop },
      );
      const results = await performAll(steps, folder, stop);
      console.log(conclusion(results));
      stop.throwIfAborted();
      if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
    } finally {
      await removeRunFolder(folder);
    }
  },
});

async function performAll(steps: Step[], folder: string, stop: AbortSignal): Promise<Result[]> {
  const results: Result[] = [];
  const progress = new TestProgress(steps.length);
  const coresOf = ({ cores = 1 }: Step) => cores;
  try {
    await sideBySide(steps, availableParallelism(), coresOf, async (step) => {
      if (stop.aborted) return;
      progress.begin(step.name);
      const result = await perform(step, folder);
      progress.end(result);
      results.push(result);
    });
  } finally {
    progress.close();
  }
  return results;
}

await runCommand(command);
