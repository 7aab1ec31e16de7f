/**
 * Reads about running processes, from /proc where it exists, else from `ps`. A process that has
 * ended meanwhile counts as nothing, never as an error.
 */
import { readdirSync, readFileSync } from "node:fs";
import { sum } from "../lib/sum.ts";

const onLinux = process.platform === "linux";

/** A process and all its descendants. */
export function processTree(processId: number): number[] {
  const children = childrenByParent();
  const tree = [processId];
  for (let index = 0; index < tree.length; index++) {
    tree.push(...(children.get(tree[index]!) ?? []));
  }
  return tree;
}

/** Memory of a process and all its descendants in bytes; a page shared by several counts once. */
export function memoryBytes(processId: number): number {
  return sum(processTree(processId).map(ownMemoryBytes));
}

/** The command and its arguments, or nothing when the process is gone. */
export function commandLine(processId: number): string {
  return onLinux
    ? read(`/proc/${processId}/cmdline`).replaceAll("\0", " ").trim()
    : ps("-o", "args=", "-p", String(processId)).trim();
}

export function isAlive(processId: number): boolean {
  if (onLinux) return /^State:\s+[^ZX]/m.test(read(`/proc/${processId}/status`));
  return ps("-o", "state=", "-p", String(processId)).trim().replace(/^Z.*/, "") !== "";
}

export function parentOf(processId: number): number {
  return onLinux
    ? Number(statFields(read(`/proc/${processId}/stat`))[PARENT])
    : Number(ps("-o", "ppid=", "-p", String(processId)));
}

/** Does nothing to a process that has ended meanwhile. */
export function sendSignal(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * The process's age, counted from the start of this process. In LXC, `/proc/uptime` is that of the
 * container, while `/proc/PID/stat` counts from the start of the machine.
 */
export function ageMs(processId: number): number {
  if (!onLinux) return elapsedMs(ps("-o", "etime=", "-p", String(processId)).trim());
  const startedTicks = (id: number) => Number(statFields(read(`/proc/${id}/stat`))[STARTED]);
  const earlierMs = (startedTicks(process.pid) - startedTicks(processId)) * TICK_MS;
  return Math.max(0, Math.round(Date.now() - performance.timeOrigin + earlierMs));
}

/** `[[days-]hours:]minutes:seconds`, as `ps` has it. */
export function elapsedMs(text: string): number {
  const [seconds = 0, minutes = 0, hours = 0, days = 0] = text
    .split(/[:-]/)
    .map(Number)
    .toReversed();
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** Processes whose environment holds each of the given `NAME=value` entries. */
export function processesWithEnvironment(entries: string[]): number[] {
  const holds = (environment: string[]) => entries.every((entry) => environment.includes(entry));
  if (onLinux) {
    return numericFolders().filter((id) => holds(read(`/proc/${id}/environ`).split("\0")));
  }
  return ps("-Eww", "-axo", "pid=,command=")
    .split("\n")
    .filter((line) => holds(line.trim().split(" ")))
    .map((line) => Number.parseInt(line, 10));
}

function childrenByParent(): Map<number, number[]> {
  const pairs = onLinux
    ? numericFolders().map(
        (id) => [id, Number(statFields(read(`/proc/${id}/stat`))[PARENT])] as const,
      )
    : ps("-axo", "pid=,ppid=")
        .split("\n")
        .map((line) => line.trim().split(/\s+/).map(Number))
        .map(([id, parent]) => [id ?? 0, parent ?? 0] as const);
  const children = new Map<number, number[]>();
  for (const [id, parent] of pairs) {
    children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  return children;
}

/** The fields after the program's name, which stands in parentheses and may hold spaces. */
const statFields = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ");
const PARENT = 1;
const STARTED = 19;
/** The kernel reports to all programs in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10;

function ownMemoryBytes(processId: number): number {
  if (!onLinux) return Number(ps("-o", "rss=", "-p", String(processId))) * 1024;
  const shared = /^Pss:\s+(\d+)/m.exec(read(`/proc/${processId}/smaps_rollup`));
  const kilobytes = shared ?? /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${processId}/status`));
  return Number(kilobytes?.[1] ?? 0) * 1024;
}

const numericFolders = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const ps = (...options: string[]) => Bun.spawnSync(["ps", ...options]).stdout.toString();
