/**
 * Puts the stand-in for cloudflared where `bun run tunnel` finds it, and reports how it was
 * started.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../../scripts/host/process-tree.ts";

export interface Behaviour {
  /** The number of runs that end before they have a tunnel. */
  failures?: number;
  /** It refuses its token, as cloudflared does with a malformed one. */
  isTokenWrong?: boolean;
  /** Its log does not contain the address of a quick tunnel. */
  isAddressUntold?: boolean;
  /** It writes its token into its log. */
  saysToken?: boolean;
  /** It ignores stop signals. */
  ignoresSignals?: boolean;
}

/** Arguments and environment of one run. */
export interface Start {
  args: string[];
  environment: Record<string, string | undefined>;
  processId: number;
}

export class StandIn {
  /** A folder for PATH that holds only the stand-in. */
  readonly folder = mkdtempSync(join(tmpdir(), "cloudflared-"));

  constructor(behaviour: Behaviour = {}) {
    const program = join(this.folder, "cloudflared");
    const script = join(import.meta.dir, "stand-in-cloudflared.ts");
    writeFileSync(join(this.folder, "behaviour.json"), JSON.stringify(behaviour));
    writeFileSync(
      program,
      `#!/bin/sh\nexec "${process.execPath}" --no-env-file "${script}" "${this.folder}" "$@"\n`,
    );
    chmodSync(program, 0o755);
  }

  get starts(): Start[] {
    const file = join(this.folder, "starts.jsonl");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** The runs that have not ended. */
  get alive(): number[] {
    return this.starts.map(({ processId }) => processId).filter(isAlive);
  }

  /** Also ends the remains of a failed test. */
  remove(): void {
    for (const processId of this.alive) process.kill(processId, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
