/**
 * How long each part of an `up` took, as a table for people. `stopwatch.ts` measures. All times are
 * ms since the start of the command. Pure.
 */
import type { InstallStep } from "../../host/runtime.ts";
import { table } from "../../lib/table.ts";

export interface Timings {
  /**
   * When the script of `up` began: before that, Bun and the packages of the checkout were fetched.
   */
  beganMs: number;
  /** The runtimes of the services, also the ones that were installed already. */
  runtimes: string[];
  installs: InstallStep[];
  services: ServiceTime[];
  moments: { name: string; atMs: number }[];
}

export interface ServiceTime {
  name: string;
  /** A slow service waits for all others. */
  isSlow: boolean;
  /** Its runtimes, and the services that it needs. */
  runtimes: string[];
  needs: string[];
  beganMs: number;
  readyMs: number;
}

/** Start, end, duration, and a note. */
type Line = [what: string, from: string, until: string, took: string, remark: string];

export function timingsTable(timings: Timings): string {
  const lines: Line[] = [
    ["WHAT", "FROM", "UNTIL", "TOOK", ""],
    span("Bun and packages", 0, timings.beganMs),
    ...timings.runtimes.map((title) => installLine(title, timings.installs)),
    ...timings.services.map((service) =>
      span(service.name, service.beganMs, service.readyMs, lastWait(service, timings)),
    ),
    ...timings.moments.map(({ name, atMs }): Line => [name, "", seconds(atMs), "", ""]),
  ];
  return table(lines, { align: ["left", "right", "right", "right"] });
}

function installLine(title: string, installs: InstallStep[]): Line {
  const steps = installs.filter((step) => step.title === title);
  if (steps.length === 0) return [title, "", "", "", "was there"];
  const parts = steps.map(({ name, beganMs, endedMs }) => `${name} ${seconds(endedMs - beganMs)}`);
  const endedMs = Math.max(...steps.map((step) => step.endedMs));
  return span(title, Math.min(...steps.map((step) => step.beganMs)), endedMs, parts.join(", "));
}

/** The last event that a service had to wait for. */
export function lastWait(service: ServiceTime, timings: Timings): string {
  const { installs, services } = timings;
  const quick = services.filter(({ isSlow }) => service.isSlow && !isSlow);
  const others = services.filter(({ name }) => service.needs.includes(name));
  const waits = [
    ...installs
      .filter(({ title }) => service.runtimes.includes(title))
      .map(({ title, endedMs }) => ({ name: title, untilMs: endedMs })),
    ...[...quick, ...others].map(({ name, readyMs }) => ({ name, untilMs: readyMs })),
  ];
  const last = waits
    .filter(({ untilMs }) => untilMs < service.readyMs)
    .toSorted((one, other) => one.untilMs - other.untilMs)
    .at(-1);
  return last ? `waited for ${last.name} until ${seconds(last.untilMs)}` : "";
}

const span = (what: string, beganMs: number, endedMs: number, remark = ""): Line => [
  what,
  seconds(beganMs),
  seconds(endedMs),
  seconds(endedMs - beganMs),
  remark,
];

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
