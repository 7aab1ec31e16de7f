/** The proof of the README's two commands on a new computer, and what they take there. */
import { sum } from "../../scripts/lib/sum.ts";
import type { BareMachine } from "./bare-machine.ts";
import { withMemoryPeak } from "./memory-peak.ts";
import { untilVerified } from "./proof.ts";
import { step } from "./step.ts";

const BUN = ["npx", "--yes", "bun", "run"];
const MIB = 2 ** 20;

/** Time and memory of `up`, and its remains. */
export interface Start {
  pageS: number;
  readyS: number;
  memoryPeakMib: number;
  /** The memory of all services once they are ready, as `status` counts it. */
  servicesMib: number;
}

export interface BareMachineResult {
  debian: string;
  node: string;
  npm: string;
  python: string;
  first: Start;
  /** The machine of the proof. */
  offline?: Start;
  cacheMib: number;
  checkoutMib: number;
}

/** `isStartedAgain` also proves the second start, without a network. */
export async function proveBareMachine(
  machine: BareMachine,
  base: string,
  { folder, isStartedAgain }: { folder: string; isStartedAgain: boolean },
): Promise<BareMachineResult> {
  await step("it is made, with only what the README asks for", () => machine.make(base, folder));
  const first = await proveStart(machine, "with nothing fetched before");
  const versions = await versionsOf(machine);
  const sizes = await sizesOf(machine);
  if (!isStartedAgain) return { ...versions, first, ...sizes };
  await machine.close();
  await machine.open({ isOffline: true });
  const offline = await proveStart(machine, "again, without a network");
  return { ...versions, first, offline, ...sizes };
}

async function proveStart(machine: BareMachine, how: string): Promise<Start> {
  const { result, peakBytes } = await withMemoryPeak(
    () => machine.memoryStat(),
    async () => {
      const up = await step(`up, ${how}`, () => machine.execute(...BUN, "up", "--json"));
      const verify = () => machine.execute(...BUN, "verify", "--expect", "all", "--json");
      await step("every hop of verify holds", () => untilVerified(verify));
      return JSON.parse(up) as Up;
    },
  );
  await step("down", () => machine.execute(...BUN, "down"));
  const moment = (name: string) => result.timings.moments.find((each) => each.name === name)?.atMs;
  const bytes = sum(result.services.map(({ memoryBytes }) => memoryBytes));
  return {
    pageS: inSeconds(moment("page with moving numbers")),
    readyS: inSeconds(moment("everything ready")),
    memoryPeakMib: Math.round(peakBytes / MIB),
    servicesMib: Math.round(bytes / MIB),
  };
}

interface Up {
  services: { memoryBytes: number }[];
  timings: { moments: { name: string; atMs: number }[] };
}

function inSeconds(ms: number | undefined): number {
  if (ms === undefined) throw new Error("`up` does not say when it got there");
  return Math.round(ms / 100) / 10;
}

async function versionsOf(machine: BareMachine) {
  const first = async (...command: string[]) => (await machine.execute(...command)).trim();
  return {
    debian: await first("cat", "/etc/debian_version"),
    node: await first("node", "--version"),
    npm: await first("npm", "--version"),
    python: (await first("python3", "--version")).replace("Python ", ""),
  };
}

/** The current content of its disk, in MiB. */
async function sizesOf(machine: BareMachine) {
  const sizes = await machine.execute("du", "--summarize", "--block-size=M", "../.cache", ".");
  const [cacheMib = 0, checkoutMib = 0] = sizes.trim().split("\n").map(Number.parseFloat);
  return { cacheMib, checkoutMib };
}
