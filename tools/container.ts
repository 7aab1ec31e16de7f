/**
 * `bun run test:container`: opens the devcontainer, starts compose.yaml and runs the README's two
 * commands on new computers. It uses copies of this checkout and removes everything again. Without
 * a container engine it proves nothing, says so, and ends with a status of its own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describeMachine } from "../bench/rig/machine.ts";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { choice, FILE, flag } from "../scripts/lib/flags.ts";
import { CannotProve, NOT_RUN } from "./container/cannot-prove.ts";
import { openEngine } from "./container/engine.ts";
import { proofs } from "./container/proofs.ts";
import { endAtSignals, Interrupted } from "./container/step.ts";
import { attempt } from "./process.ts";

const names = Object.keys(proofs);

const command = defineCommand({
  name: "test:container",
  description: `Opens the devcontainer, starts compose.yaml, and runs the README's two commands on new computers (bare
Debian, 2 cores, 8 GB; then again without a network), all in containers, and removes them again.
Needs a container engine that runs, or root, docker.io and mmdebstrap of Debian to start one.`,
  flags: {
    only: flag(choice(names), "One proof"),
    json: flag(FILE, "Write what was measured to a file, too"),
  },
  exits: { 0: "all is proved", 1: "something failed", [NOT_RUN]: "nothing could be proved here" },
  async run({ flags: { only, json } }) {
    const wanted = names.filter((name) => only === undefined || name === only);
    endAtSignals();
    const machine = describeMachine();
    try {
      const measured = await prove(wanted);
      console.log("Proved in containers");
      if (json) write(json, { machine, ...measured });
    } catch (error) {
      // Explicitly, because work that the step waited for may still go on.
      if (error instanceof Interrupted) process.exit(130);
      if (!(error instanceof CannotProve)) throw error;
      console.log(`Nothing is proved about containers here: ${error.message}`);
      process.exitCode = NOT_RUN;
    }
  },
});

async function prove(wanted: string[]): Promise<Record<string, unknown>> {
  const work = mkdtempSync(join(tmpdir(), "container-"));
  const caches: string[] = [];
  try {
    const engine = await openEngine(join(work, "engine"));
    try {
      const measured: Record<string, unknown> = {};
      for (const name of wanted) {
        console.log(`\n── ${name}`);
        measured[name] = await proofs[name]!({ engine, work, caches });
      }
      return measured;
    } finally {
      const { environment } = engine;
      for (const cache of caches) await attempt(["docker", "volume", "rm", cache], { environment });
      await engine.close();
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function write(path: string, result: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

await runCommand(command);
