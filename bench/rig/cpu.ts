/**
 * CPU time by user, from /proc: the clients, PostgreSQL with all its processes, Kafka, and all
 * other programs. The share of the others separates a disturbed round from a quiet one. Linux only;
 * the kernel counts in hundredths of a second.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { sum } from "../../scripts/lib/sum.ts";
import type { Stack } from "./stack.ts";

const TICKS_PER_SECOND = 100;
export const cores = cpus().length;

/** Seconds of CPU. */
export interface CpuUse {
  client: number;
  postgres: number;
  kafka: number;
  /** All other processes, without the benchmark's own. */
  others: number;
  wallSeconds: number;
}

/**
 * Starts to measure. The returned function stops and returns the difference. The client is the
 * given processes, or this process itself.
 */
export function measureCpu(stack: Stack, clients: readonly number[] | "own"): () => CpuUse {
  const before = sample(stack, clients);
  return () => {
    const after = sample(stack, clients);
    const [client, postgres, kafka, own, all] = (
      ["client", "postgres", "kafka", "own", "all"] as const
    ).map((part) => after[part] - before[part]) as [number, number, number, number, number];
    return {
      client,
      postgres,
      kafka,
      others: Math.max(0, all - own - client - postgres - kafka),
      wallSeconds: (after.atMs - before.atMs) / 1_000,
    };
  };
}

/**
 * Starts to measure. The returned function gives the share of all cores that programs outside these
 * process trees used. What has ended in a tree counts to it.
 */
export function measureOthers(roots: readonly number[]): () => number {
  const busySeconds = () => {
    const processes = readProcesses();
    return allSeconds() - sum(roots.map((root) => treeSeconds(processes, root)));
  };
  const [beforeSeconds, beforeMs] = [busySeconds(), performance.now()];
  return () => {
    const wallSeconds = (performance.now() - beforeMs) / 1_000;
    return Math.max(0, busySeconds() - beforeSeconds) / (wallSeconds * cores);
  };
}

/** The share of the machine's cores that other programs used. */
export const disturbance = (cpu: CpuUse) => cpu.others / (cpu.wallSeconds * cores);

export const usedSeconds = (cpu: CpuUse) => cpu.client + cpu.postgres + cpu.kafka;

/** The peak resident memory of each process, summed, in bytes. */
export function peakMemoryBytes(processIds: readonly number[]): number {
  const kilobytes = processIds.map((id) =>
    Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${id}/status`))?.[1] ?? 0),
  );
  return sum(kilobytes) * 1_024;
}

function sample(stack: Stack, clients: readonly number[] | "own") {
  const usage = process.cpuUsage();
  const ownSeconds = (usage.user + usage.system) / 1_000_000;
  const ownIsClient = clients === "own";
  const processes = readProcesses();
  return {
    client: ownIsClient ? ownSeconds : sum(clients.map((id) => treeSeconds(processes, id))),
    postgres: treeSeconds(processes, stack.postgresProcess),
    kafka: treeSeconds(processes, stack.kafkaProcess),
    own: ownIsClient ? 0 : ownSeconds,
    all: allSeconds(),
    atMs: performance.now(),
  };
}

/** CPU time of the whole machine. */
function allSeconds(): number {
  const [, ...fields] = read("/proc/stat").split("\n")[0]!.split(/\s+/).map(Number);
  const [user, nice, system, , , interrupts, softInterrupts] = fields as number[];
  return (user! + nice! + system! + interrupts! + softInterrupts!) / TICKS_PER_SECOND;
}

interface ProcessTimes {
  parent: number;
  ownTicks: number;
  /** CPU time of children that have ended and were waited for. */
  endedTicks: number;
}

function readProcesses(): Map<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The program's name, in parentheses, may itself hold spaces.
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    if (fields.length < 15) continue;
    processes.set(Number(name), {
      parent: fields[1]!,
      ownTicks: fields[11]! + fields[12]!,
      endedTicks: fields[13]! + fields[14]!,
    });
  }
  return processes;
}

/** A process, its living descendants, and those of them that have ended. */
function treeSeconds(processes: Map<number, ProcessTimes>, root: number): number {
  const tree = [root];
  let ticks = 0;
  for (const id of tree) {
    const found = processes.get(id);
    if (!found) continue;
    ticks += found.ownTicks + found.endedTicks;
    for (const [child, { parent }] of processes) if (parent === id) tree.push(child);
  }
  return ticks / TICKS_PER_SECOND;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
